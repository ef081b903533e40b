// Real gateways: what one client does on one of them is seen on the others, through moves, kills and drains.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Starling } from "@starling/client";
import { WebSocket } from "ws";
import { Gateways } from "./lib/gateways.mjs";
import { record } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

let gateways;
const clients = [];
let channels = 0;

before(async () => { gateways = await Gateways.start(3, process.env.STARLING_FLAGS?.split(" ") ?? []); });
after(() => gateways?.stop());
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

async function enter(member, name) {
  const client = new Starling(gateways.url, { member, WebSocket, backoff: { firstMs: 200, mostMs: 1_000 } });
  clients.push(client);
  const channel = client.channel(name);
  const lines = record(channel);
  await channel.join();
  return { client, channel, lines };
}

/** Moves until the client is on a gateway that pleases. */
async function moveUntil({ client }, pleases) {
  while (!pleases(client.status.gateway)) {
    const { connId } = client.status;
    client.connect();
    await until(() => client.status.connId !== connId && client.status.phase === "online" && !client.status.moving, "move");
  }
}

/** Ada and Ben on two gateways, who see each other. */
async function pair() {
  const name = `room-${channels += 1}`;
  const ada = await enter("ada", name);
  const ben = await enter("ben", name);
  await moveUntil(ben, (gateway) => gateway !== ada.client.status.gateway);
  for (const { channel } of [ada, ben]) await until(() => channel.presence.size === 2, "both");
  return { ada, ben };
}

const numbers = (lines) => lines.filter((line) => line.startsWith("n ")).map((line) => Number(line.slice(2)));
const comings = (lines) => lines.filter((line) => /^[+-]/.test(line));
const range = (n) => Array.from({ length: n }, (_, i) => i);

test("events, presence and typing cross", async () => {
  const { ada, ben } = await pair();
  for (const n of range(20)) void ada.channel.publish("n", n);
  await until(() => numbers(ben.lines).length === 20, "events");
  assert.deepEqual(numbers(ben.lines), range(20), "once each, in order");
  ben.channel.typing.start();
  await until(() => ada.channel.typing.members.includes("ben"), "typing");
  ben.channel.typing.stop();
  await until(() => ada.channel.typing.members.length === 0, "end of typing");
  await ben.channel.leave();
  await until(() => ada.lines.includes("-ben"), "leave");
  assert.deepEqual([...ada.channel.presence], ["ada"]);
});

test("moves lose nothing, tell nothing twice, and nobody sees them", async () => {
  const { ada, ben } = await pair();
  const before = comings(ada.lines).length;
  let n = 0;
  for (let move = 0; move < 6; move += 1) {
    const { connId } = ben.client.status;
    ben.client.connect();
    while (ben.client.status.connId === connId || ben.client.status.moving) {
      await ada.channel.publish("n", n);
      n += 1;
    }
  }
  await until(() => numbers(ben.lines).includes(n - 1), "last event");
  assert.deepEqual(numbers(ben.lines).sort((a, b) => a - b), range(n));
  assert.deepEqual([comings(ada.lines).length - before, comings(ben.lines)], [0, []]);
});

test("a killed gateway's client is back on another one before anybody sees it leave", async () => {
  const { ada, ben } = await pair();
  const before = comings(ada.lines).length;
  const victim = gateways.named(ben.client.status.gateway);
  await gateways.end(victim, "SIGKILL");
  const published = ben.channel.publish("n", 7);
  await published;
  await until(() => ben.channel.state === "joined" && ben.client.status.gateway !== victim.name, "another gateway");
  await until(() => numbers(ada.lines).length === 1, "event");
  assert.deepEqual(numbers(ada.lines), [7], "what was published meanwhile comes once");
  assert.ok(ben.lines.includes("gap away"), "what was missed is told");
  assert.deepEqual([comings(ada.lines).length - before, comings(ben.lines)], [0, []]);
  gateways.run(victim);
  await gateways.ready(victim);
});

test("a drained gateway's client moves without a gap, and publishes on the way arrive once", async () => {
  const { ada, ben } = await pair();
  const before = comings(ada.lines).length;
  const states = [];
  ben.channel.onState((state) => states.push(state));
  const victim = gateways.named(ben.client.status.gateway);
  const ended = gateways.end(victim, "SIGTERM");
  let n = 0;
  const publishes = [];
  while (ben.client.status.gateway === victim.name) {
    await ada.channel.publish("n", n);
    publishes.push(ben.channel.publish("n", n));
    n += 1;
    await new Promise((resume) => setTimeout(resume, 5));
  }
  await Promise.all(publishes);
  await ada.channel.publish("n", n);
  await until(() => numbers(ben.lines).includes(n), "last event");
  await until(() => numbers(ada.lines).length === n, "Ben's events");
  assert.deepEqual(numbers(ben.lines).sort((a, b) => a - b), range(n + 1), "once each");
  assert.deepEqual(numbers(ada.lines).sort((a, b) => a - b), range(n), "once each");
  assert.deepEqual([states, ben.lines.filter((line) => line.startsWith("gap")), comings(ben.lines)], [[], [], []]);
  assert.equal(comings(ada.lines).length, before);
  await ended;
  gateways.run(victim);
  await gateways.ready(victim);
});

test("a member in two places is one, until the last of them is closed", async () => {
  const { ada, ben } = await pair();
  const second = await enter("ben", ada.channel.name);
  await second.client.close();
  await ada.channel.publish("n", 1);
  await until(() => numbers(ben.lines).length === 1, "event");
  assert.ok(!ada.lines.includes("-ben"));
  await ben.client.close();
  await until(() => ada.lines.includes("-ben"), "leave");
});

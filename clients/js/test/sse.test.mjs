// Receiving from real gateways over plain HTTP, where nothing lets WebSocket through.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Starling } from "@starling/client";
import { sse } from "@starling/client/sse";
import { WebSocket } from "ws";
import { Gateways } from "./lib/gateways.mjs";
import { record } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

/** A WebSocket behind a proxy that knows none. */
class Blocked extends EventTarget {
  readyState = 0;
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" })), 1);
  }
  send() {}
  close() {}
}

const KEY = "k".repeat(32);
const withKey = (dir) => {
  writeFileSync(join(dir, "api.keys"), `test ${KEY}\n`);
  return ["--anonymous", "--api-keys-file", join(dir, "api.keys")];
};

let gateways;
const clients = [];
before(async () => { gateways = await Gateways.start(3, ["--deregister=0s"], withKey); });
after(() => gateways?.stop());
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function client(options) {
  const made = new Starling(gateways.url, { backoff: { firstMs: 50, mostMs: 500 }, ...options });
  clients.push(made);
  return made;
}
const receiver = (member, options) => client({ member, WebSocket: Blocked, fallback: sse(), ...options });
/** The gateway with the only connection that is in a channel. */
async function holder() {
  let found;
  await until(async () => {
    const counts = await Promise.all(gateways.list.map(async ({ admin }) => {
      const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
      return Number(/^starling_joined_connections (\d+)/m.exec(metrics)[1]);
    }));
    found = gateways.list[counts.indexOf(1)];
    return counts.reduce((a, b) => a + b) === 1;
  }, "one stream");
  return found;
}

const numbers = (lines) => lines.filter((line) => line.startsWith("n ")).map((line) => Number(line.slice(2)));
const range = (n) => Array.from({ length: n }, (_, i) => i);

test("a client that can only receive gets events, presence and typing, and cannot publish", async () => {
  const ada = receiver("ada");
  const room = ada.channel("room");
  const lines = record(room);
  await room.join();
  const ben = client({ member: "ben", WebSocket });
  await ben.channel("room").join();
  await until(() => room.presence.size === 2, "presence");
  await until(() => ben.channel("room").presence.has("ada"), "being seen");
  for (const n of range(20)) void ben.channel("room").publish("n", n);
  await until(() => numbers(lines).length === 20, "events");
  assert.deepEqual(numbers(lines), range(20));
  ben.channel("room").typing.start();
  await until(() => room.typing.members.includes("ben"), "typing");
  await assert.rejects(room.publish("n", 1), { code: "forbidden" });
  assert.equal(ada.status.phase, "online");
});

test("channels come and go without losing what happens in the others", async () => {
  const ada = receiver("cem");
  const first = ada.channel("first");
  const lines = record(first);
  await first.join();
  const ben = client({ member: "ben", WebSocket });
  const [to, second] = [ben.channel("first"), ben.channel("second")];
  await Promise.all([to.join(), second.join()]);
  let n = 0;
  const publish = async () => { await to.publish("n", n); n += 1; };
  const joined = ada.channel("second").join();
  for (const _ of range(30)) await publish();
  await joined;
  await until(() => second.presence.has("cem"), "presence in the second");
  await ada.channel("second").leave();
  for (const _ of range(30)) await publish();
  await until(() => numbers(lines).length === n, "events");
  assert.deepEqual(numbers(lines).sort((a, b) => a - b), range(n), "once each");
});

test("a gateway that drains is left for another one, and what is missed, is told", async () => {
  const ada = receiver("dan");
  const room = ada.channel("moving");
  const lines = record(room);
  await room.join();
  const { connId } = ada.status;
  const from = await holder();
  const ben = client({ member: "ben", WebSocket });
  const to = ben.channel("moving");
  await to.join();
  const seen = record(to);
  await until(() => to.presence.has("dan"), "presence");
  let n = 0;
  const ended = gateways.end(from, "SIGTERM");
  while (ada.status.connId === connId || ada.status.moving || room.state !== "joined") {
    await to.publish("n", n);
    n += 1;
    await new Promise((later) => setTimeout(later, 2));
  }
  await to.publish("n", n);
  await until(() => numbers(lines).includes(n), "last event");
  const got = numbers(lines).sort((a, b) => a - b);
  assert.equal(new Set(got).size, got.length, "none twice");
  // The balancer also sends to the gateway that drains: then the old stream may end before the next one has joined.
  assert.ok(got.length === n + 1 || lines.some((line) => line.startsWith("gap")), `${got.length} of ${n + 1}, and no gap: ${lines.filter((line) => !/^n /.test(line))}`);
  assert.ok(!seen.includes("-dan"), "nobody saw it leave");
  await ended;
});

/** Sends to a member on all its devices, through any gateway, as a backend does. */
async function send(member, payload) {
  const res = await fetch(`http://127.0.0.1:${gateways.list.find((gateway) => gateway.process).client}/v1/members/${member}/send`, {
    method: "POST",
    headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ type: "n", payload }),
  });
  assert.equal(res.status, 200, await res.clone().text());
  return (await res.json()).connections;
}

test("what is sent to a member comes on all its devices, over WebSocket and plain HTTP, once each", async () => {
  const devices = [client({ member: "eve", WebSocket }), receiver("eve")];
  const lines = devices.map(({ direct }) => {
    const got = [];
    direct.on("*", (payload, { type }) => got.push(`${type} ${JSON.stringify(payload)}`));
    return got;
  });
  for (const device of devices) device.connect();
  await until(() => devices.every(({ status }) => status.phase === "online"), "both devices");
  let n = 0;
  const next = async () => { assert.ok((await send("eve", n)) >= 2); n += 1; };
  await next();
  assert.ok((await send("eve", null)) >= 2);
  // Another stream replaces the first, and both are read for a while.
  const joining = devices[1].channel("room").join();
  let joined = false;
  void joining.then(() => { joined = true; });
  while (!joined) await next();
  await next();
  for (const [i, got] of lines.entries()) {
    await until(() => numbers(got).includes(n - 1), `the last one on device ${i}`);
    assert.deepEqual(got.filter((line) => line !== "n null").map((line) => Number(line.slice(2))).sort((a, b) => a - b), range(n), `device ${i}`);
    assert.equal(got.filter((line) => line === "n null").length, 1);
  }
});

test("a payload of null does not end a stream that is being replaced", async () => {
  const ada = receiver("fay");
  const first = ada.channel("nulls");
  const lines = record(first);
  await first.join();
  const ben = client({ member: "ben", WebSocket });
  const to = ben.channel("nulls");
  await to.join();
  const { connId } = ada.status;
  let joined = false;
  void ada.channel("more").join().then(() => { joined = true; });
  let n = 0;
  while (!joined) { await to.publish("n", null); n += 1; }
  await until(() => lines.filter((line) => line === "n null").length === n, "all");
  assert.equal(ada.status.connId, connId);
  assert.deepEqual(lines.filter((line) => line.startsWith("gap")), []);
});

for (const [form, type] of [["of today", "https://github.com/starling-realtime/starling/blob/main/docs/sse.md#forbidden"], ["without a type, of older gateways", undefined]]) {
  test(`a problem ${form} says why a stream is refused`, async () => {
    const problem = { type, title: "no", status: 403, detail: "not this channel", code: "forbidden" };
    const dial = sse({ fetch: async () => new Response(JSON.stringify(problem), { status: 403, headers: { "Content-Type": "application/problem+json" } }) });
    const frames = [];
    const end = await new Promise((closed) => {
      dial({ url: new URL("http://gateway/ws"), session: "s" }, (text) => frames.push(JSON.parse(text)), (code, reason) => closed({ code, reason }));
    });
    assert.deepEqual(end, { code: 1008, reason: "not this channel" });
    assert.deepEqual(frames, [{ type: "error", payload: { code: "forbidden", message: "not this channel" } }]);
  });
}

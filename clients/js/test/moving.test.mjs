// Moving between gateways: nothing may be lost, told twice, or seen to flicker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record, suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();

/** A client in two channels whose gateway asks it to move; the joins on the second connection are answered by hand. */
async function moving({ afterMs = 0, overlapMs = 200 } = {}) {
  it.fake.names = ["gateway-a", "gateway-b"];
  it.fake.members = ["ben"];
  const { client, channel, conn } = await it.joined();
  const other = client.channel("other");
  await other.join();
  it.fake.answers.delete("join");
  conn.send("reconnect", { reason: "drain", afterMs, overlapMs });
  const next = await it.fake.conn(1);
  await next.received("join", 1);
  return { client, channel, other, conn, next, joins: next.all("join") };
}

test("a draining gateway is left after the delay it chose, by connecting first", async () => {
  const began = performance.now();
  const { client, conn, next, joins } = await moving({ afterMs: 150 });
  assert.ok(performance.now() - began >= 150);
  assert.equal(next.query.get("session"), conn.query.get("session"), "both connections belong to one session");
  assert.deepEqual([client.status.moving, client.status.gateway], [true, "gateway-a"]);
  next.joined(joins[0]);
  conn.event("m-1", 1);
  await until(() => client.status.moving, "the move goes on until every channel has its answer");
  next.joined(joins[1]);
  await until(() => client.status.gateway === "gateway-b", "move");
  assert.equal(conn.closed, null, "the old connection is read for the overlap");
  assert.equal((await conn.end()).code, 1000);
  assert.equal(conn.all("leave").length, 0, "a move is not a leave");
});

test("events that come on both connections are told once, those on either too, and nobody flickers", async () => {
  const { channel, conn, next, joins } = await moving();
  const lines = record(channel);
  const states = [];
  channel.onState((state) => states.push(state));
  next.joined(joins[0]);
  next.joined(joins[1]);
  next.event("both", "on both");
  conn.event("both", "on both");
  conn.event("old", "on the old one");
  next.event("new", "on the new one");
  next.event("marker", "marker", { channel: "other" });
  await conn.end();
  assert.deepEqual(lines.sort(), ['message "on both"', 'message "on the new one"', 'message "on the old one"']);
  assert.deepEqual(states, []);
});

test("a channel that is joined during a move is joined on both, and left on both", async () => {
  const { client, conn, next, joins } = await moving({ overlapMs: 60_000 });
  const third = client.channel("third");
  const joined = third.join();
  conn.joined(await conn.received("join", 2));
  await joined;
  next.joined(joins[0]);
  next.joined(joins[1]);
  next.joined(await next.received("join", 2));
  await until(() => client.status.gateway === "gateway-b", "move");
  await third.leave();
  assert.equal(conn.all("leave").length, 1);
  assert.equal(next.all("leave").length, 1);
});

test("a channel that the new gateway refuses ends, and the others move", async () => {
  const { client, channel, other, next, joins } = await moving();
  next.error(joins[0], { code: "forbidden", message: "no more", channel: "room" });
  next.joined(joins[1]);
  await until(() => client.status.gateway === "gateway-b", "move");
  assert.deepEqual([channel.state, other.state], ["refused", "joined"]);
});

test("a gateway that ends during the move is replaced at once by the one that is being joined", async () => {
  const { client, channel, other, conn, next, joins } = await moving();
  next.joined(joins[0]);
  await until(() => channel.presence.members.length === 2, "snapshot");
  conn.socket.terminate();
  await until(() => client.status.gateway === "gateway-b", "move");
  await until(() => channel.state === "joined", "join");
  assert.equal(other.state, "joining");
  next.joined(joins[1]);
  await until(() => other.state === "joined", "join");
});

test("a move that fails keeps what works and is tried again", async () => {
  it.fake.names = ["gateway-a", "gateway-b", "gateway-c"];
  const { client, channel, conn } = await it.joined();
  it.fake.refusal = { code: 1013, error: { code: "unavailable", message: "draining, too", retryAfterMs: 10 } };
  conn.send("reconnect", { reason: "drain", afterMs: 0, overlapMs: 50 });
  await it.fake.conn(1);
  assert.equal(channel.state, "joined");
  it.fake.refusal = null;
  await until(() => client.status.gateway === "gateway-c", "move");
  await conn.end();
});

test("a client of gateways that all drain does not run in circles", async () => {
  it.fake.names = ["gateway-a", "gateway-b"];
  const { client, conn } = await it.joined({ backoff: { firstMs: 60_000, mostMs: 60_000 }, random: () => 1 });
  conn.send("reconnect", { reason: "drain", afterMs: 0, overlapMs: 50 });
  await until(() => client.status.retryAt > 0, "wait");
  assert.deepEqual([client.status.phase, it.fake.conns.length], ["online", 1]);
});

test("connect moves on demand", async () => {
  it.fake.names = ["gateway-a", "gateway-b"];
  const { client, conn } = await it.joined();
  client.connect();
  client.connect();
  await until(() => client.status.gateway === "gateway-b", "move");
  await conn.end();
  assert.equal(it.fake.conns.length, 2);
});

test("a move keeps the typing flag: the new gateway hears it before the old one is left", async () => {
  it.fake.names = ["gateway-a", "gateway-b"];
  const { client, channel, conn } = await it.joined();
  channel.typing.start(Infinity);
  client.connect();
  const next = await it.fake.conn(1);
  assert.deepEqual((await next.received("typing")).payload, { channel: "room", typing: true });
  channel.typing.stop();
  assert.equal((await next.received("typing", 1)).payload.typing, false);
  await conn.end();
});

test("typing is sent once for many keys, repeated, and withdrawn by itself", async () => {
  const { channel, conn } = await it.joined();
  channel.typing.start(3_500);
  channel.typing.start(4_300);
  assert.equal((await conn.received("typing")).payload.typing, true);
  assert.equal((await conn.received("typing", 1)).payload.typing, true);
  assert.equal((await conn.received("typing", 2)).payload.typing, false);
  assert.equal(channel.typing.active, false);
  channel.typing.stop();
  assert.equal(conn.all("typing").length, 3);
});

test("who types is told, and a leave or a break ends it without a word", async () => {
  const { channel, conn } = await it.joined();
  const said = [];
  channel.typing.on("change", (members) => said.push(members.join()));
  const typing = (memberId, on) => conn.send("typing", { channel: "room", memberId, typing: on });
  typing("ben", true);
  typing("ben", true);
  typing("cleo", true);
  conn.send("presence:leave", { channel: "room", memberId: "ben" });
  typing("cleo", false);
  typing("dora", true);
  await until(() => said.at(-1) === "dora", "typing");
  conn.socket.terminate();
  await until(() => channel.typing.members.length === 0, "end");
  assert.deepEqual(said, ["ben", "ben,cleo", "cleo", "", "dora", ""]);
});

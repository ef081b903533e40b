// Joining, losing and finding a connection again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosedError, RefusedError, Starling } from "@starling/client";
import { record, suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();

test("the first join connects, as the member, with a session and told to be told why it is refused", async () => {
  const { client, channel, conn } = await it.joined();
  assert.equal(conn.query.get("member"), "ada");
  assert.match(conn.query.get("session"), /^[0-9a-z]{16,28}$/);
  assert.equal(conn.query.get("handshake"), "close");
  assert.deepEqual(conn.offered, []);
  assert.equal(channel.state, "joined");
  const { phase, gateway, memberId, maxMessageBytes } = client.status;
  assert.deepEqual({ phase, gateway, memberId, maxMessageBytes },
    { phase: "online", gateway: "gateway-a", memberId: "ada", maxMessageBytes: 65_536 });
});

test("one connection carries all channels, and each gets its own", async () => {
  const { client, channel, conn } = await it.joined();
  const other = client.channel("other");
  await other.join({ presence: "count" });
  assert.equal(it.fake.conns.length, 1);
  assert.deepEqual((await conn.received("join", 1)).payload, { channel: "other", presence: "count" });
  const [here, there] = [record(channel), record(other)];
  conn.event("m-1", 1);
  conn.event("m-2", 2, { channel: "other" });
  conn.event("m-3", 3, { channel: "never joined" });
  conn.event("m-4", 4);
  await until(() => here.length === 2, "events");
  assert.deepEqual([here, there], [["message 1", "message 4"], ["message 2"]]);
});

test("the same name is the same channel", () => {
  const client = it.client();
  assert.equal(client.channel("room"), client.channel("room"));
  assert.equal(client.status.phase, "idle");
});

test("events come with all there is to know, by type and all together", async () => {
  const { channel, conn } = await it.joined();
  const got = [];
  const off = channel.on("order", (payload, event) => got.push(["order", payload, event.from, event.mid]));
  channel.on("*", (payload, event) => got.push(["*", payload, event.type]));
  conn.event("m-1", { n: 1 }, { type: "order", from: "shop" });
  conn.event(undefined, null, { type: "notice", from: undefined });
  await until(() => got.length === 3, "events");
  off();
  conn.event("m-2", 2, { type: "order" });
  await until(() => got.length === 4, "event");
  assert.deepEqual(got, [["order", { n: 1 }, "shop", "m-1"], ["*", { n: 1 }, "order"], ["*", null, "notice"], ["*", 2, "order"]]);
});

test("a lost connection is made again, with the channels, the exact difference and word of the gap", async () => {
  it.fake.members = ["ben", "cleo"];
  const { client, channel, conn } = await it.joined();
  const lines = record(channel);
  const states = [];
  channel.onState((state) => states.push(state));
  it.fake.members = ["cleo", "dora"];
  conn.socket.terminate();
  await until(() => lines.includes("gap away"), "gap");
  assert.deepEqual(lines.sort(), ["+dora", "-ben", "gap away"]);
  assert.deepEqual(states, ["joining", "joined"]);
  assert.equal(it.fake.conns[1].query.get("session"), conn.query.get("session"));
  assert.equal(client.status.phase, "online");
});

test("a gateway that is away is tried again, and at once on demand", async () => {
  const { client, channel } = await it.joined({ backoff: { firstMs: 60_000, mostMs: 60_000 }, random: () => 1 });
  await it.fake.pause();
  await until(() => client.status.phase === "waiting", "wait");
  assert.ok(client.status.retryAt > Date.now() + 30_000);
  assert.equal(channel.state, "joining");
  await it.fake.resume();
  client.connect();
  await until(() => channel.state === "joined", "join");
});

test("the wait that a gateway asks for is respected, and its reason told", async () => {
  it.fake.refusal = { code: 1013, error: { code: "unavailable", message: "gateway is full", retryAfterMs: 300 } };
  const client = it.client();
  const errors = [];
  client.on("error", (err) => errors.push(err));
  const began = Date.now();
  const joined = client.channel("room").join();
  await until(() => client.status.phase === "waiting", "wait");
  assert.equal(client.status.error.message, "gateway is full");
  it.fake.refusal = null;
  await joined;
  assert.ok(Date.now() - began >= 290);
  assert.ok(errors[0] instanceof RefusedError);
  assert.equal(client.status.error, null);
});

test("a refused connection that trying again cannot mend is the end, until the program connects again", async () => {
  it.fake.refusal = { code: 1008, error: { code: "bad_request", message: "member has 240 bytes, want 1 to 200" } };
  const client = it.client();
  const channel = client.channel("room");
  await assert.rejects(channel.join(), { name: "RefusedError", code: "bad_request", closeCode: 1008 });
  assert.equal(client.status.phase, "failed");
  assert.equal(channel.state, "left");
  it.fake.refusal = null;
  await channel.join();
  assert.equal(client.status.phase, "online");
});

test("a connection that is closed for good says how", async () => {
  const { client, channel, conn } = await it.joined();
  conn.socket.close(1008, "too many malformed frames");
  await until(() => client.status.phase === "failed", "end");
  assert.ok(client.status.error instanceof ClosedError);
  assert.deepEqual([client.status.error.closeCode, client.status.error.message], [1008, "too many malformed frames"]);
  assert.equal(channel.state, "left");
});

test("a refused channel is not joined again, and does not hold up the others", async () => {
  it.fake.answers.delete("join");
  const client = it.client();
  const secret = client.channel("secret");
  const open = client.channel("open");
  const refused = assert.rejects(secret.join(), { code: "forbidden", message: "no right to join secret" });
  const joined = open.join();
  const conn = await it.fake.conn(0);
  conn.error(await conn.received("join"), { code: "forbidden", message: "no right to join secret", channel: "secret" });
  conn.joined(await conn.received("join", 1));
  await Promise.all([refused, joined]);
  assert.deepEqual([secret.state, secret.error.code], ["refused", "forbidden"]);
  it.fake.answers.add("join");
  conn.socket.terminate();
  const second = await it.fake.conn(1);
  await until(() => open.state === "joined", "join");
  assert.deepEqual(second.all("join").map(({ payload }) => payload.channel), ["open"]);
});

test("a join that came too fast is tried again, and nobody asks twice", async () => {
  it.fake.answers.delete("join");
  const client = it.client();
  const joined = client.channel("room").join();
  const conn = await it.fake.conn(0);
  conn.error(await conn.received("join"), { code: "rate_limited", message: "slow down", channel: "room", retryAfterMs: 20 });
  conn.joined(await conn.received("join", 1));
  await joined;
});

test("a partial join is told", async () => {
  it.fake.answers.delete("join");
  const channel = it.client().channel("room");
  const lines = record(channel);
  let partial;
  channel.on("join", (join) => { partial = join.partial; });
  const joined = channel.join();
  const conn = await it.fake.conn(0);
  conn.joined(await conn.received("join"), { partial: true });
  await joined;
  assert.deepEqual([partial, lines], [true, ["gap partial"]]);
});

test("joining again changes what is heard of the others", async () => {
  const { channel, conn } = await it.joined();
  await channel.join({ presence: "count" });
  assert.equal((await conn.received("join", 1)).payload.presence, "count");
  await channel.join({ presence: "count" });
  assert.equal(conn.all("join").length, 2);
});

test("leaving is told at once and ends everything", async () => {
  it.fake.members = ["ben"];
  const { channel, conn } = await it.joined();
  const lines = record(channel);
  await channel.leave();
  assert.deepEqual(conn.all("leave")[0].payload, { channel: "room" });
  assert.deepEqual([channel.state, channel.presence.size, lines], ["left", 0, []]);
  conn.event("m-1", 1);
  conn.socket.terminate();
  const second = await it.fake.conn(1);
  await second.received("ping");
  assert.deepEqual([second.all("join"), lines], [[], []]);
  await channel.leave();
});

test("a channel that is left before its join is answered stays left", async () => {
  it.fake.answers.delete("join");
  const client = it.client();
  const channel = client.channel("room");
  const refused = assert.rejects(channel.join(), { code: "not_joined" });
  const conn = await it.fake.conn(0);
  const join = await conn.received("join");
  const left = channel.leave();
  await refused;
  conn.joined(join);
  await left;
  assert.equal(channel.state, "left");
  assert.equal(channel.presence.size, 0);
  it.fake.answers.add("join");
  await channel.join();
  assert.equal(channel.presence.size, 1);
});

test("closing leaves the channels and closes normally; a closed client can begin again", async () => {
  const { client, channel, conn } = await it.joined();
  await client.close();
  assert.equal(conn.all("leave").length, 1);
  assert.equal((await conn.end()).code, 1000);
  assert.deepEqual([client.status.phase, channel.state], ["closed", "left"]);
  await channel.join();
  assert.equal(client.status.phase, "online");
});

test("closing while it connects or waits leaves nothing behind", async () => {
  it.fake.answers.delete("welcome");
  const client = it.client();
  const refused = assert.rejects(client.channel("room").join(), { name: "ClosedError" });
  const conn = await it.fake.conn(0);
  await client.close();
  await refused;
  await conn.end();
  assert.equal(client.status.phase, "closed");
});

test("a gateway that falls silent is given up", async () => {
  it.fake.heartbeatMs = 200;
  const { channel, conn } = await it.joined();
  await conn.received("ping", 1);
  it.fake.answers.delete("ping");
  await it.fake.conn(1);
  it.fake.answers.add("ping");
  await until(() => channel.state === "joined", "join");
  assert.ok(it.fake.conns.length >= 2);
});

test("a heartbeat shows the round trip", async () => {
  it.fake.heartbeatMs = 200;
  const { client } = await it.joined();
  // On a slow machine an answer may come too late for so short a heartbeat: then there is another connection.
  await until(() => it.fake.conns.flatMap((conn) => conn.all("ping")).length >= 3, "pings");
  await until(() => client.status.rttMs > 0, "round trip");
});

test("a gateway that accepts connections and says nothing is not waited for", async () => {
  it.fake.answers.delete("welcome");
  const client = it.client();
  const joined = client.channel("room").join();
  await it.fake.conn(0);
  it.fake.answers.add("welcome");
  await joined;
  assert.equal(it.fake.conns.length, 2);
});

test("frames that make no sense are survived", async () => {
  const { channel, conn } = await it.joined();
  const lines = record(channel);
  for (const text of ["", "null", "[]", '{"type":1}', '{"type":"future:thing"}', '{"type":"typing"}', '{"type":"gap","payload":null}',
    '{"type":"presence:join","payload":7}', '{"type":"reply","id":99,"payload":{}}', '{"type":"x","payload":null,"id":null}']) {
    conn.socket.send(text);
  }
  conn.event("m-1", 1);
  await until(() => lines.length > 0, "event");
  assert.deepEqual(lines, ["message 1"]);
});

test("a gap and errors are told where they belong", async () => {
  const { client, channel, conn } = await it.joined();
  const lines = record(channel);
  const errors = [];
  client.on("error", ({ code }) => errors.push(code));
  conn.send("gap", { channel: "room", gateway: "gateway-c" });
  conn.error(null, { code: "rate_limited", message: "too fast", channel: "room", request: "typing" });
  conn.error(null, { code: "bad_request", message: "what?" });
  await until(() => errors.length === 2, "errors");
  assert.deepEqual(lines, ["gap lost", "error rate_limited"]);
});

test("without a WebSocket it says what to do", { skip: globalThis.WebSocket && "this Node has one" }, () => {
  const client = new Starling(it.fake.url);
  assert.throws(() => client.channel("room").join(), /npm package ws/);
});

test("an address can have any scheme that makes sense, and keeps its query", async () => {
  const client = new Starling(`${it.fake.url.replace("ws:", "http:")}?app=7`, { member: "ada", WebSocket: (await import("ws")).WebSocket });
  it.clients.push(client);
  await client.channel("room").join();
  assert.equal(it.fake.conns[0].query.get("app"), "7");
});

test("an error that the program does not listen to is on the console, one that it does is not", async (t) => {
  const logged = t.mock.method(console, "error", () => {});
  it.fake.refusal = { code: 1008, error: { code: "forbidden", message: "origin http://127.0.0.1:8000 is not allowed" } };
  const silent = it.client();
  silent.channel("room").join();
  await until(() => silent.status.phase === "failed", "end");
  assert.deepEqual(logged.mock.calls.map(({ arguments: [err] }) => [err.name, err.message]), [["RefusedError", "origin http://127.0.0.1:8000 is not allowed"]]);
  const heard = [];
  const other = it.client();
  other.on("error", (err) => heard.push(err.code));
  other.connect();
  await until(() => other.status.phase === "failed", "end");
  assert.deepEqual(heard, ["forbidden"]);
  assert.equal(logged.mock.callCount(), 1);
});

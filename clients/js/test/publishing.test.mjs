// A publish is accepted once, or the program is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record, suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();

test("a publish resolves to its mid, with a key of its own", async () => {
  const { channel, conn } = await it.joined();
  const { mid } = await channel.publish("message", { text: "hello" });
  const { payload } = conn.all("publish")[0];
  assert.equal(mid, `m-${payload.key}`);
  assert.match(payload.key, /^[0-9a-z]{16,28}$/);
  assert.deepEqual(payload, { channel: "room", type: "message", payload: { text: "hello" }, key: payload.key });
  await channel.publish("message", 1, { except: "none", key: "mine" });
  assert.deepEqual(conn.all("publish")[1].payload, { channel: "room", type: "message", payload: 1, except: "none", key: "mine" });
});

test("a publish is sent as it was, whatever the program does to its object afterwards", async () => {
  const client = it.client();
  const channel = client.channel("room");
  void channel.join();
  const payload = { n: 1 };
  const published = channel.publish("message", payload);
  payload.n = 2;
  await published;
  assert.deepEqual(it.fake.conns[0].all("publish")[0].payload.payload, { n: 1 });
});

test("publishes wait while the connection is away, in order, and those in between are sent again with their keys", async () => {
  it.fake.answers.delete("publish");
  const { channel, conn } = await it.joined();
  const all = [channel.publish("n", 1), channel.publish("n", 2)];
  await conn.received("publish", 1);
  await it.fake.pause();
  await until(() => channel.state === "joining", "loss");
  all.push(channel.publish("n", 3));
  it.fake.answers.add("publish");
  await it.fake.resume();
  await Promise.all(all);
  const sent = it.fake.conns.at(-1).all("publish").map(({ payload }) => payload);
  assert.deepEqual(sent.map(({ payload }) => payload), [1, 2, 3]);
  assert.deepEqual(sent.slice(0, 2).map(({ key }) => key), conn.all("publish").map(({ payload }) => payload.key));
});

test("an own event that comes back after a move is not told, one that was asked for is", async () => {
  const { channel, conn } = await it.joined();
  const lines = record(channel);
  const { mid } = await channel.publish("message", "mine");
  conn.event(mid, "mine", { from: "ada" });
  const all = await channel.publish("message", "for all", { except: "none" });
  conn.event(all.mid, "for all", { from: "ada" });
  await until(() => lines.length > 0, "event");
  assert.deepEqual(lines, ['message "for all"']);
});

test("as many wait as the bound allows, and one more is refused", async () => {
  it.fake.answers.delete("publish");
  const { client, channel } = await it.joined({ maxQueued: 2 });
  const all = [channel.publish("n", 1), channel.publish("n", 2)].map((p) => assert.rejects(p, { name: "ClosedError", code: "closed" }));
  await assert.rejects(channel.publish("n", 3), { name: "QueueFullError", code: "queue_full", message: /2 publishes/ });
  await client.close();
  await Promise.all(all);
});

test("a publish that nobody accepts in time fails", async () => {
  it.fake.answers.delete("publish");
  const { channel } = await it.joined();
  await assert.rejects(channel.publish("n", 1, { timeoutMs: 30 }), { name: "TimeoutError", code: "timeout" });
});

test("a refused publish says why; one that came too fast is sent again when the gateway allows it", async () => {
  it.fake.answers.delete("publish");
  const { channel, conn } = await it.joined();
  const [bad, fast] = [channel.publish("join", 1), channel.publish("n", 2)];
  const refused = assert.rejects(bad, { name: "RefusedError", code: "reserved_type", request: "publish", message: "no" });
  conn.error(await conn.received("publish"), { code: "reserved_type", message: "no" });
  const first = await conn.received("publish", 1);
  conn.error(first, { code: "rate_limited", message: "slow down", retryAfterMs: 50 });
  const again = await conn.received("publish", 2);
  assert.equal(again.payload.key, first.payload.key);
  conn.reply(again, { mid: "m-1" });
  assert.deepEqual(await fast, { mid: "m-1" });
  await refused;
});

test("a publish that is too large is not sent, and keeps the connection", async () => {
  it.fake.maxMessageBytes = 500;
  const { channel, conn } = await it.joined();
  await assert.rejects(channel.publish("message", "ä".repeat(250)), { code: "too_large", message: /takes 500/ });
  await channel.publish("message", "a".repeat(250));
  assert.equal(conn.all("publish").length, 1);
});

test("what cannot be JSON is refused", async () => {
  const { channel } = await it.joined();
  const circle = {};
  circle.circle = circle;
  await assert.rejects(channel.publish("message", circle), TypeError);
  await assert.rejects(channel.publish("message", 1n), TypeError);
});

test("a channel that is not joined takes no publishes, and leaving gives up those that wait", async () => {
  const client = it.client();
  const channel = client.channel("room");
  await assert.rejects(channel.publish("n", 1), { code: "not_joined" });
  it.fake.answers.delete("join");
  void channel.join();
  const waiting = assert.rejects(channel.publish("n", 1), { code: "not_joined" });
  await channel.leave();
  await waiting;
});

test("during a move publishes go to the connection that counts, and unanswered ones to the next", async () => {
  it.fake.answers.delete("publish");
  const { client, channel, conn } = await it.joined();
  const published = channel.publish("n", 1);
  const first = await conn.received("publish");
  it.fake.answers.add("publish");
  conn.send("reconnect", { reason: "drain", afterMs: 0, overlapMs: 50 });
  await published;
  const [again] = it.fake.conns[1].all("publish");
  assert.equal(again.payload.key, first.payload.key);
  assert.equal(client.status.phase, "online");
});

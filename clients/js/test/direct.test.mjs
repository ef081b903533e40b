// What a backend sends to one member on all its devices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { record, suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();

/** Records what was sent to the member, one line each. */
function listen(client) {
  const lines = [];
  client.direct.on("*", (payload, { type }) => lines.push(`${type} ${JSON.stringify(payload)}`));
  return lines;
}

test("it comes by its type with who sent it, needs no channel, and is no event of one", async () => {
  const client = it.client();
  client.connect();
  const conn = await it.fake.conn(0);
  const lines = listen(client);
  const events = [];
  const end = client.direct.on("notice", (payload, event) => events.push({ payload, ...event }));
  conn.send("notice", { text: "paid" }, { mid: "m-1", from: "shop" });
  await until(() => events.length === 1, "notice");
  const [{ payload, type, from, mid, channel, ts }] = events;
  assert.deepEqual({ payload, type, from, mid, channel }, { payload: { text: "paid" }, type: "notice", from: "shop", mid: "m-1", channel: undefined });
  assert.ok(ts > 0);

  const room = client.channel("room");
  await room.join();
  const inRoom = record(room);
  end();
  // Its payload may look like a frame about a channel, and its type like an event of the client.
  conn.direct("m-2", "notice", { channel: "room", memberId: "eve" });
  conn.direct("m-3", "status", null);
  conn.event("m-4", "in the room");
  await until(() => inRoom.length === 1, "the room's event");
  assert.deepEqual(inRoom, ['message "in the room"']);
  assert.deepEqual(lines, ['notice {"text":"paid"}', 'notice {"channel":"room","memberId":"eve"}', "status null"]);
  assert.equal(events.length, 1);
  assert.equal(client.status.phase, "online");
});

test("while the client moves it comes once, from whichever connection is first", async () => {
  const { client, conn } = await it.joined();
  const lines = listen(client);
  it.fake.answers.delete("join");
  conn.send("reconnect", { reason: "drain", afterMs: 0, overlapMs: 100 });
  const next = await it.fake.conn(1);
  const join = await next.received("join");
  next.direct("m-1", "notice", 1);
  conn.direct("m-1", "notice", 1);
  conn.direct("m-2", "notice", 2);
  await until(() => lines.length === 2, "both");
  next.joined(join);
  next.direct("m-2", "notice", 2);
  next.direct("m-3", "notice", 3);
  await conn.end();
  await until(() => lines.length >= 3, "the third");
  assert.deepEqual(lines, ["notice 1", "notice 2", "notice 3"]);
});

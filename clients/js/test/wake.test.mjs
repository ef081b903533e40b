// A page that comes back looks after its connection at once.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { onWake } from "../build/wake.js";
import { suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();
const target = new EventTarget();
afterEach(() => { for (const name of ["document", "addEventListener"]) delete globalThis[name]; });

/** A page, as far as it is looked at. */
function page({ hidden = false } = {}) {
  globalThis.document = { hidden };
  globalThis.addEventListener = target.addEventListener.bind(target);
}

test("without a page there is nothing to watch", () => {
  assert.equal(onWake(() => assert.fail("called")), undefined);
});

test("the network's return is told as such, the rest as reasons to look", () => {
  page();
  const seen = [];
  const end = onWake((online) => seen.push(online));
  for (const type of ["online", "offline", "pageshow", "visibilitychange"]) target.dispatchEvent(new Event(type));
  assert.deepEqual(seen, [true, false, false, false]);
  end();
  target.dispatchEvent(new Event("online"));
  assert.equal(seen.length, 4, "ended");
});

test("a hidden page only hears that the network is back", () => {
  page({ hidden: true });
  const seen = [];
  const end = onWake((online) => seen.push(online));
  for (const type of ["visibilitychange", "offline", "pageshow", "online"]) target.dispatchEvent(new Event(type));
  assert.deepEqual(seen, [true]);
  document.hidden = false;
  target.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(seen, [true, false]);
  end();
});

test("a client that waits tries at once when the network is back or the page is looked at, and its waits begin small again", async () => {
  page();
  // It would wait for an hour.
  const { client, channel } = await it.joined({ backoff: { firstMs: 3_600_000, mostMs: 3_600_000 }, random: () => 1 });
  await it.fake.pause();
  await until(() => client.status.phase === "waiting", "a long wait");
  target.dispatchEvent(new Event("offline"));
  await until(() => client.status.phase === "waiting" && it.fake.conns.length === 1, "another attempt in vain");
  await it.fake.resume();
  target.dispatchEvent(new Event("online"));
  await until(() => channel.state === "joined", "being back");
  assert.equal(it.fake.conns.length, 2);
});

test("a page that is looked at again asks whether its connection lives, and soon takes another one when it does not", async () => {
  page({ hidden: true });
  const { channel, conn } = await it.joined();
  await conn.received("ping");
  it.fake.answers.delete("ping");
  target.dispatchEvent(new Event("visibilitychange"));
  document.hidden = false;
  const before = performance.now();
  target.dispatchEvent(new Event("visibilitychange"));
  await conn.received("ping", 1);
  assert.equal(conn.all("ping").length, 2, "not while it was hidden");
  it.fake.answers.add("ping");
  await until(() => it.fake.conns.length === 2 && channel.state === "joined", "another connection");
  assert.ok(performance.now() - before < 25_000, "long before the next heartbeat");
});

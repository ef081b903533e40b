// A page that comes back looks after its connection at once.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { onWake } from "../build/wake.js";

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

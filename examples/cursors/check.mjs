// Two clients that use what the page uses: each sees the other's cursor, and sees it go. The argument is the page's address.

import assert from "node:assert/strict";

const origin = process.argv[1];

// Modules as a browser would get them.
const load = async (path) => {
  const source = await (await fetch(origin + path)).text();
  return import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
};
const { Starling } = await load("/demo/starling.js");
const { shareCursors } = await load("/cursors.js");

/** A person with a page: `shown` are the others' cursors. */
class Person {
  shown = new Map();
  updates = 0;
  #wake = () => {};

  constructor(member) {
    this.starling = new Starling(`${origin.replace("http", "ws")}/ws`, { member });
    this.channel = this.starling.channel("cursors");
    this.point = shareCursors(this.channel, (who, position) => {
      this.updates++;
      if (position) this.shown.set(who, position);
      else this.shown.delete(who);
      this.#wake();
    });
  }

  /** Waits until exactly these cursors are shown. */
  async sees(cursors) {
    const expected = new Map(Object.entries(cursors));
    for (;;) {
      try {
        assert.deepEqual(this.shown, expected);
        break;
      } catch {
        await new Promise((wake) => { this.#wake = wake; });
      }
    }
    console.log(`${this.starling.status.memberId} sees`, cursors);
  }
}

const people = [];
setTimeout(() => {
  for (const { starling, shown } of people) console.error(`after 45 s ${starling.status.memberId} sees`, shown);
  process.exit(1);
}, 45_000).unref();

const ada = new Person("ada");
const grace = new Person("grace");
people.push(ada, grace);
await ada.channel.join();
ada.point(0.1, 0.2);
await grace.channel.join();
await grace.sees({ ada: [0.1, 0.2] });

const before = ada.updates;
for (let i = 1; i <= 100; i++) grace.point(i / 100, 0.5);
await ada.sees({ grace: [1, 0.5] });
assert.equal(ada.updates - before, 1, "100 moves at once are one event");

await grace.starling.close();
await ada.sees({});
await ada.starling.close();

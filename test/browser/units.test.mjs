// The page's small parts on their own, inside the browser that they are written for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './lib/suite.mjs';

const it = suite();

/** Runs fn in the page with the exports of one of its modules. */
async function inPage(module, fn) {
  const page = await it.page();
  await page.goto(it.fake.origin);
  return page.evaluate(`import('/demo/${module}').then(${fn})`);
}

test('waits are random below a ceiling that doubles and ends at 20 s, on top of what the server asks', async () => {
  const { waits, floor, attempt } = await inPage('backoff.js', ({ Backoff }) => {
    const longest = new Backoff(() => 1);
    const waits = Array.from({ length: 8 }, () => longest.next());
    longest.reset();
    return { waits, floor: new Backoff(() => 0).next(700), attempt: longest.attempt };
  });
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  assert.equal(floor, 700);
  assert.equal(attempt, 0);
});

test('message ids are remembered up to a bound', async () => {
  const results = await inPage('seen.js', ({ Seen }) => {
    const seen = new Seen(2);
    return ['a', 'a', 'b', 'c', 'b', 'a'].map((mid) => seen.add(mid));
  });
  assert.deepEqual(results, [true, false, true, true, false, true]);
});

test('lists of names stay short', async () => {
  const lists = await inPage('words.js', ({ nameList }) => [[], ['A'], ['A', 'B'], ['A', 'B', 'C'], ['A', 'B', 'C', 'D', 'E']]
    .map((names) => nameList(names)));
  assert.deepEqual(lists, ['', 'A', 'A and B', 'A, B and C', 'A, B and 3 others']);
});

test('errors become sentences that keep what the gateway said', async () => {
  const texts = await inPage('words.js', ({ explain }) => [
    explain({ code: 'too_large', message: 'frame has 70000 bytes, want at most 65536.' }),
    explain({ code: 'forbidden' }),
    explain({ code: 'new_code', message: 'why' }),
  ]);
  assert.deepEqual(texts, [
    'That is too long: frame has 70000 bytes, want at most 65536.',
    'You are not allowed to do that.',
    'The gateway answered with the error new_code: why.',
  ]);
});

test('presence replays a snapshot and its changes', async () => {
  const states = await inPage('presence.js', ({ Presence }) => {
    const presence = new Presence();
    const steps = [
      ['presence:snapshot', { members: ['A', 'B'], memberCount: 2, typing: ['B'] }],
      ['presence:join', { memberId: 'C' }],
      ['presence:join', { memberId: 'C' }],
      ['presence:leave', { memberId: 'B' }],
      ['presence:leave', { memberId: 'nobody' }],
      ['presence:snapshot', { members: ['C', 'D'], memberCount: 2, typing: [] }],
    ];
    return steps.map(([type, payload]) => {
      const { joined, left } = presence.apply(type, payload);
      return [joined.join(), left.join(), presence.members.join(), presence.count, presence.typing.join()];
    });
  });
  assert.deepEqual(states, [
    ['A,B', '', 'A,B', 2, 'B'],
    ['C', '', 'A,B,C', 3, 'B'],
    ['', '', 'A,B,C', 3, 'B'],
    ['', 'B', 'A,C', 2, ''],
    ['', '', 'A,C', 2, ''],
    ['D', 'A', 'C,D', 2, ''],
  ]);
});

test('people who come and go within a moment are not mentioned', async () => {
  const notes = await inPage('arrivals.js', ({ Arrivals }) => {
    const notes = [];
    const arrivals = new Arrivals((text) => notes.push(text));
    arrivals.add({ joined: ['A', 'B'], left: ['C'] });
    arrivals.add({ joined: ['C'], left: ['B'] });
    arrivals.flush();
    arrivals.flush();
    return notes;
  });
  assert.deepEqual(notes, ['A joined']);
});

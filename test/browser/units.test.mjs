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

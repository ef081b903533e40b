// How the page changes its connection: nothing may be lost, shown twice, or seen to flicker.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, messages, people, until } from './lib/browser.mjs';
import { suite } from './lib/suite.mjs';

const it = suite();

/** Records every change of the people's list from now on. */
async function watchPeople(page) {
  await page.evaluate(() => {
    globalThis.changes = [];
    const record = (list) => list.forEach((change) => globalThis.changes.push(change.removedNodes.length));
    new MutationObserver(record).observe(document.getElementById('people'), { childList: true });
  });
  return () => page.evaluate(() => globalThis.changes);
}

/** Runs in the page: records the length of each wait in seconds, with jitter at its longest. */
function recordWaits() {
  Math.random = () => 1;
  globalThis.waits = [];
  const text = document.getElementById('status-wait');
  const record = () => {
    if (document.getElementById('status').dataset.phase !== 'waiting') return;
    globalThis.waits.push(Number(text.textContent.match(/[\d.]+/)[0]));
  };
  new MutationObserver(record).observe(document.getElementById('status'), { attributeFilter: ['data-phase'] });
}

test('a draining gateway is left by connecting first, and nothing is shown twice', async () => {
  it.fake.names = ['gateway-a', 'gateway-b'];
  it.fake.members = ['Ben'];
  const { page, conn } = await it.joined({ clock: true });
  const changes = await watchPeople(page);
  await page.clock.runFor(11_000);

  conn.send('reconnect', { reason: 'drain', afterMs: 2_000, overlapMs: 5_000 });
  conn.event('before', 'Ben', { text: 'before' });
  await until(() => messages(page), (list) => list.includes('before'), 'messages');
  await page.clock.runFor(1_500);
  assert.equal(it.fake.conns.length, 1, 'it must wait for the delay that the gateway chose');
  await page.clock.runFor(600);
  const second = await it.fake.conn(1);
  await until(() => page.locator('#conn-gateway').textContent(), (name) => name === 'gateway-b', 'gateway');

  assert.equal(second.query.get('session'), conn.query.get('session'), 'both connections belong to one session');
  assert.equal(conn.closed, null, 'the old connection is read for the overlap');
  second.event('both', 'Ben', { text: 'on both' });
  conn.event('both', 'Ben', { text: 'on both' });
  conn.event('old', 'Ben', { text: 'only on the old one' });
  conn.send('presence:leave', { channel: 'lobby', memberId: 'Ben' });
  await until(() => messages(page), (list) => list.length === 3, 'messages');
  assert.deepEqual((await messages(page)).sort(), ['before', 'on both', 'only on the old one']);
  assert.equal(conn.all('leave').length, 0, 'a move is not a leave');

  await page.clock.runFor(5_000);
  assert.equal((await conn.end()).code, 1000);
  assert.deepEqual(await people(page), ['Ada', 'Ben'], 'presence comes from the new connection alone');
  assert.deepEqual(await changes(), [], 'the list of people must not flicker');
  assert.ok(await page.getByText('Moved from gateway-a to gateway-b').isVisible());
});

test('the reconnect button moves by connecting first, too', async () => {
  it.fake.names = ['gateway-a', 'gateway-b'];
  const { page, conn } = await it.joined();
  const changes = await watchPeople(page);
  it.fake.answers.delete('join');
  await page.getByRole('button', { name: 'Reconnect' }).click();
  const second = await it.fake.conn(1);
  const join = await second.received('join');
  assert.equal(conn.closed, null, 'the old connection stays until the new one has joined');
  assert.equal(await page.locator('#conn-gateway').textContent(), 'gateway-a');
  second.joined(join);
  await until(() => page.locator('#conn-gateway').textContent(), (name) => name === 'gateway-b', 'gateway');
  await conn.end();
  assert.deepEqual(await changes(), []);
});

test('who came and went during a break is told once the page is back', async () => {
  it.fake.members = ['Ben', 'Cleo'];
  const { page, conn } = await it.joined();
  it.fake.members = ['Cleo', 'Dora'];
  conn.socket.terminate();
  await page.getByText('Dora joined · Ben left').waitFor();
  assert.deepEqual(await people(page), ['Ada', 'Cleo', 'Dora']);
  await page.getByText(/You were disconnected for (a moment|\d+ seconds?)\./).waitFor();
});

test('a gateway that is away is tried again with growing pauses, and at once on demand', async () => {
  const { page } = await it.joined({ clock: true });
  await page.evaluate(recordWaits);
  await it.fake.pause();
  const recorded = () => page.evaluate(() => globalThis.waits);
  while ((await recorded()).length < 5) await page.clock.runFor(250);
  // The clock goes on between the start of a wait and its record, so these are at most what was planned.
  const [first, ...later] = await recorded();
  assert.ok(first <= 1 && later[3] > 2 * first && later[3] <= 8, `waits of ${[first, ...later]} s`);
  await page.locator('#status[data-phase="waiting"]').waitFor();
  await it.fake.resume();
  await page.getByRole('button', { name: 'Try now' }).click();
  await connected(page);
});

test('the wait that a gateway asks for is respected', async () => {
  const { page, conn } = await it.joined({ clock: true });
  it.fake.refusal = { code: 1013, error: { code: 'unavailable', message: 'gateway is full', retryAfterMs: 9_000 } };
  conn.socket.close(1012);
  await page.locator('#status[data-phase="waiting"]').waitFor();
  await page.clock.runFor(600);
  await page.getByText(/cannot do that at the moment: gateway is full/).waitFor();
  await page.locator('#status[data-phase="waiting"]').waitFor();
  it.fake.refusal = null;
  await page.clock.runFor(8_900);
  assert.equal(it.fake.conns.length, 2, 'too early');
  await page.clock.runFor(1_200);
  await it.fake.conn(2);
  await connected(page);
});

test('a message whose connection broke is sent again with the same key', async () => {
  it.fake.answers.delete('publish');
  const { page, conn } = await it.joined();
  await page.locator('#text').fill('exactly once');
  await page.locator('#text').press('Enter');
  const first = await conn.received('publish');
  conn.socket.terminate();
  const second = await it.fake.conn(1);
  const again = await second.received('publish');
  assert.equal(again.payload.key, first.payload.key);
  second.reply(again, { mid: 'm-1' });
  second.event('m-1', 'Ada', { text: 'exactly once' });
  second.event('m-2', 'Ben', { text: 'marker' });
  await until(() => messages(page), (list) => list.includes('marker'), 'messages');
  assert.deepEqual(await messages(page), ['exactly once', 'marker']);
  assert.equal(await page.locator('.mine').getAttribute('data-state'), 'sent');
});

test('a gateway that falls silent is given up', async () => {
  it.fake.heartbeatMs = 1_000;
  const { page, conn } = await it.joined({ clock: true });
  await conn.received('ping');
  it.fake.answers.delete('ping');
  await page.clock.runFor(1_000);
  await conn.received('ping', 1);
  await page.clock.runFor(1_100);
  await page.locator('#status:not([data-phase="online"])').waitFor();
  it.fake.answers.add('ping');
  await page.clock.runFor(600);
  await it.fake.conn(1);
  await connected(page);
});

test('a ping goes out with each heartbeat, and shows the round trip', async () => {
  it.fake.heartbeatMs = 1_000;
  const { page, conn } = await it.joined();
  await conn.received('ping', 2);
  await page.getByText(/^[\d.]+ ms$/).waitFor();
});

test('a gateway that accepts connections and says nothing is not waited for', async () => {
  const { page, conn } = await it.joined({ clock: true });
  it.fake.answers.delete('welcome');
  conn.socket.terminate();
  await page.locator('#status[data-phase="waiting"]').waitFor();
  await page.clock.runFor(600);
  await it.fake.conn(1);
  it.fake.answers.add('welcome');
  await page.clock.runFor(6_000);
  await it.fake.conn(2);
  await connected(page);
});

test('a gap is shown between the messages', async () => {
  const { page, conn } = await it.joined();
  conn.send('gap', { channel: 'lobby', gateway: 'gateway-c' });
  await page.getByText('Some messages that came through gateway-c may be missing here.').waitFor();
});

test('a join that not every gateway has confirmed says so', async () => {
  it.fake.answers.delete('join');
  const page = await it.page();
  await page.goto(`${it.fake.origin}/#channel=lobby&name=Ada`);
  const conn = await it.fake.conn(0);
  conn.joined(await conn.received('join'), { partial: true });
  await page.getByText('Not every gateway has answered yet.').waitFor();
});

// Messages, people, typing and the address, on a gateway that behaves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address, connected, messages, people, say, until } from './lib/browser.mjs';
import { suite } from './lib/suite.mjs';

const it = suite();

test('a message is shown at once and marked when the gateway has taken it', async () => {
  it.fake.answers.delete('publish');
  const { page, conn } = await it.joined();
  await say(page, '  hello  ');
  const publish = await conn.received('publish');
  assert.deepEqual(publish.payload.payload, { text: 'hello' });
  assert.equal(publish.payload.type, 'chat');
  assert.equal(await page.locator('.mine').getAttribute('data-state'), 'pending');
  conn.reply(publish, { mid: 'm-1' });
  await page.locator('.mine[data-state="sent"]').waitFor();
  assert.equal(await page.locator('#text').inputValue(), '');
});

test('text that looks like markup stays text', async () => {
  it.fake.members = ['<img src=x onerror=alert(1)>'];
  const { page, conn } = await it.joined();
  conn.event('m-1', '<b>Eve</b>', { text: '<script>document.title = "owned"</script>' });
  conn.event('m-2', 'Eve', { html: '<i>x</i>' }, 'order.created');
  conn.send('gap', { channel: 'lobby', gateway: '<u>g</u>' });
  await page.getByText('<u>g</u>').waitFor();
  assert.deepEqual(await messages(page), ['<script>document.title = "owned"</script>']);
  assert.equal(await page.locator('main :is(b, i:not(.dots i), u, script, .people img)').count(), 0);
  assert.match(await page.title(), /lobby/);
});

test('the member is listed first, and comings and goings are noted', async () => {
  it.fake.members = ['Zoe', 'Ben'];
  const { page, conn } = await it.joined();
  assert.deepEqual(await people(page), ['Ada', 'Ben', 'Zoe']);
  conn.send('presence:join', { channel: 'lobby', memberId: 'Cleo' });
  conn.send('presence:leave', { channel: 'lobby', memberId: 'Ben' });
  await page.getByText('Cleo joined · Ben left').waitFor();
  assert.deepEqual(await people(page), ['Ada', 'Cleo', 'Zoe']);
  assert.equal(await page.locator('#people-count').textContent(), '3');
});

test('a huge channel lists some and counts all', async () => {
  it.fake.answers.delete('join');
  const page = await it.page();
  await page.goto(address(it.fake.origin, { name: 'Ada', channel: 'lobby' }));
  const conn = await it.fake.conn(0);
  const join = await conn.received('join');
  const members = Array.from({ length: 300 }, (_, i) => `member-${i}`);
  conn.send('presence:snapshot', { channel: 'lobby', members, memberCount: 5_000, typing: [], truncated: true });
  conn.reply(join, { channel: 'lobby', newlyPresent: true });
  await connected(page);
  await page.getByText('and 4800 more').waitFor();
  conn.send('presence:leave', { channel: 'lobby', memberId: 'somebody unlisted' });
  await page.getByText('and 4799 more').waitFor();
});

test('typing starts with the first key and stops by itself', async () => {
  const { page, conn } = await it.joined({ clock: true });
  await page.locator('#text').pressSequentially('hel');
  assert.deepEqual((await conn.received('typing')).payload, { channel: 'lobby', typing: true });
  await page.clock.runFor(2_500);
  await page.locator('#text').press('l');
  assert.equal((await conn.received('typing', 1)).payload.typing, true);
  await page.clock.runFor(4_100);
  assert.equal((await conn.received('typing', 2)).payload.typing, false);
  assert.equal(conn.all('typing').length, 3, 'not one frame for each key');
});

test('typing stops with the message, an emptied field and the focus', async () => {
  const { page, conn } = await it.joined();
  await say(page, 'a');
  assert.equal((await conn.received('typing', 1)).payload.typing, false);
  await page.locator('#text').fill('b');
  await page.locator('#text').fill('');
  assert.equal((await conn.received('typing', 3)).payload.typing, false);
  await page.locator('#text').fill('c');
  await page.locator('#reconnect').focus();
  assert.equal((await conn.received('typing', 5)).payload.typing, false);
});

test('a move keeps the typing flag: the new gateway hears it before the old one is left', async () => {
  const { page, conn } = await it.joined();
  await page.locator('#text').pressSequentially('hello');
  await conn.received('typing');
  conn.send('reconnect', { reason: 'drain', afterMs: 0, overlapMs: 200 });
  const second = await it.fake.conn(1);
  assert.equal((await second.received('typing')).payload.typing, true);
});

test('who types is shown, and a leave ends it without a word', async () => {
  const { page, conn } = await it.joined();
  const typing = page.locator('#typing');
  for (const memberId of ['Ben', 'Cleo', 'Ada']) conn.send('typing', { channel: 'lobby', memberId, typing: true });
  await until(() => typing.textContent(), (text) => text === 'Ben and Cleo are typing', 'typing');
  conn.send('presence:join', { channel: 'lobby', memberId: 'Ben' });
  conn.send('presence:leave', { channel: 'lobby', memberId: 'Ben' });
  await until(() => typing.textContent(), (text) => text === 'Cleo is typing', 'typing');
  conn.send('typing', { channel: 'lobby', memberId: 'Cleo', typing: false });
  await until(() => typing.textContent(), (text) => text === '', 'typing');
});

test('the same member in another tab is one person, and its messages are mine', async () => {
  const { page, conn } = await it.joined();
  conn.event('m-1', 'Ada', { text: 'from my phone' });
  await page.locator('.mine').filter({ hasText: 'from my phone' }).waitFor();
  assert.deepEqual(await people(page), ['Ada']);
});

test('events of other types are shown as they are', async () => {
  const { page, conn } = await it.joined();
  conn.event('m-1', 'billing', { total: 12 }, 'order.created');
  await page.locator('.event').filter({ hasText: 'order.created' }).filter({ hasText: '"total": 12' }).waitFor();
});

test('name and channel live in the address, and an invitation leaves the name out', async () => {
  const { page } = await it.joined({ name: 'Ada & Co', channel: 'a/b #c' });
  const params = new URLSearchParams(new URL(page.url()).hash.slice(1));
  assert.deepEqual(Object.fromEntries(params), { channel: 'a/b #c', name: 'Ada & Co' });
  assert.equal(it.fake.conns[0].query.get('member'), 'Ada & Co');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy a link' }).click();
  await page.getByText('Link copied').waitFor();
  const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(new URLSearchParams(link.hash.slice(1)).get('channel'), 'a/b #c');
  assert.ok(!link.href.includes('Ada'));
});

test('leaving tells the gateway, and keeps name and channel for the way back', async () => {
  const { page, conn } = await it.joined();
  await page.getByRole('button', { name: 'Leave' }).click();
  await conn.received('leave');
  await conn.end();
  assert.equal(await page.locator('#name').inputValue(), 'Ada');
  assert.equal(await page.locator('#channel').inputValue(), 'lobby');
  await page.reload();
  assert.ok(await page.locator('#entrance').isVisible(), 'a reload does not go back in');
  assert.equal(it.fake.conns.length, 1);
});

test('an edited address leads to the other channel', async () => {
  const { page, conn } = await it.joined();
  await page.evaluate(() => { location.hash = 'channel=kitchen&name=Ada'; });
  await conn.received('leave');
  const second = await it.fake.conn(1);
  assert.equal((await second.received('join')).payload.channel, 'kitchen');
  await page.locator('#room-channel').filter({ hasText: 'kitchen' }).waitFor();
});

test('a reader who scrolled up is not pulled down', async () => {
  const { page, conn } = await it.joined();
  for (let i = 0; i < 60; i += 1) conn.event(`m-${i}`, 'Ben', { text: `line ${i}` });
  await page.getByText('line 59').waitFor();
  await page.locator('#log').evaluate((log) => { log.scrollTop = 0; });
  conn.event('new', 'Ben', { text: 'the newest' });
  await page.getByRole('button', { name: 'New messages' }).click();
  await until(() => page.getByText('the newest').evaluate((node) => node.getBoundingClientRect().bottom),
    (bottom) => bottom < 760, 'position of the newest message');
  assert.ok(await page.locator('#jump').isHidden());
});

test('the title counts what came while the page was hidden', async () => {
  const { page, conn } = await it.joined();
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true, configurable: true }));
  conn.event('m-1', 'Ben', { text: 'psst' });
  await until(() => page.title(), (title) => title === '(1) #lobby · Starling', 'title');
});

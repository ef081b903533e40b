// What the person is told when something is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, say } from './lib/browser.mjs';
import { suite } from './lib/suite.mjs';

const it = suite();

async function submit(page, name, channel) {
  await page.goto(it.fake.origin);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('textbox', { name: 'Channel' }).fill(channel);
  await page.getByRole('button', { name: 'Join' }).click();
}

test('empty fields are refused before anything is sent', async () => {
  const page = await it.page();
  await submit(page, '  ', 'lobby');
  await page.getByText('Choose a name').waitFor();
  await submit(page, 'Ada', '');
  await page.getByText('Name a channel').waitFor();
  assert.equal(it.fake.conns.length, 0);
});

test('a name that the gateway refuses is explained at its field', async () => {
  it.fake.refusal = { code: 1008, error: { code: 'bad_request', message: 'member has 240 bytes, want 1 to 200' } };
  const page = await it.page();
  await submit(page, 'Ada', 'lobby');
  await page.locator('#name-error').filter({ hasText: 'member has 240 bytes, want 1 to 200.' }).waitFor();
  const name = page.getByLabel('Your name');
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  assert.ok(await name.evaluate((node) => node === document.activeElement));
  it.fake.refusal = null;
  await name.fill('Ada');
  assert.equal(await name.getAttribute('aria-invalid'), null);
  await name.press('Enter');
  await connected(page);
});

test('a channel that the gateway refuses is explained at its field', async () => {
  it.fake.answers.delete('join');
  const page = await it.page();
  await submit(page, 'Ada', 'secret');
  const conn = await it.fake.conn(0);
  conn.error(await conn.received('join'), { code: 'forbidden', message: 'no right to join secret' });
  await page.locator('#channel-error').filter({ hasText: 'no right to join secret' }).waitFor();
  await conn.end();
});

test('a gateway that wants tokens says so', async () => {
  it.fake.refusal = { code: 4001, error: { code: 'forbidden', message: 'no token' } };
  const page = await it.page();
  await submit(page, 'Ada', 'lobby');
  await page.locator('#join-error').filter({ hasText: 'wants a signed token' }).waitFor();
});

test('a refused message is kept, with the reason and a way to send it again', async () => {
  it.fake.answers.delete('publish');
  const { page, conn } = await it.joined();
  await say(page, 'hello');
  conn.error(await conn.received('publish'), { code: 'forbidden', message: 'read only' });
  await page.locator('.message[data-state="failed"]').filter({ hasText: 'read only' }).waitFor();
  await page.getByRole('button', { name: 'Send again' }).click();
  conn.reply(await conn.received('publish', 1), { mid: 'm-1' });
  await page.locator('.message[data-state="sent"]').waitFor();
  assert.equal(await page.locator('.message').count(), 1);
});

test('a message that came too fast is sent again when the gateway allows it', async () => {
  it.fake.answers.delete('publish');
  const { page, conn } = await it.joined();
  await say(page, 'hello');
  const first = await conn.received('publish');
  conn.error(first, { code: 'rate_limited', message: 'slow down', retryAfterMs: 50 });
  const again = await conn.received('publish', 1);
  assert.equal(again.payload.key, first.payload.key);
  conn.reply(again, { mid: 'm-1' });
  await page.locator('.message[data-state="sent"]').waitFor();
});

test('a message that is too long is not sent, and not lost', async () => {
  it.fake.maxMessageBytes = 2_000;
  const { page, conn } = await it.joined();
  await say(page, 'ä'.repeat(1_000));
  await page.getByText(/has 2011 bytes, and the gateway takes 1300/).waitFor();
  assert.equal((await page.locator('#text').inputValue()).length, 1_000);
  assert.equal(conn.all('publish').length, 0);
});

test('an error without a request is shown and can be dismissed', async () => {
  const { page, conn } = await it.joined();
  conn.error(null, { code: 'rate_limited', message: 'too many frames' });
  await page.getByText('That was too fast: too many frames.').waitFor();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  assert.ok(await page.locator('#notice').isHidden());
});

test('a page that was too slow says that messages may be missing', async () => {
  const { page, conn } = await it.joined();
  conn.socket.close(4008, 'too slow');
  await page.getByText('could not keep up').waitFor();
  await it.fake.conn(1);
  await connected(page);
});

test('a policy violation ends the visit with the reason', async () => {
  const { page, conn } = await it.joined();
  conn.socket.close(1008, 'too many malformed frames');
  await page.locator('#join-error').filter({ hasText: 'too many malformed frames' }).waitFor();
});

test('frames that make no sense are survived', async () => {
  const { page, conn } = await it.joined();
  for (const text of ['', 'null', '[]', '{"type":1}', '{"type":"future:thing"}', '{"type":"typing"}', '{"type":"gap","payload":null}']) {
    conn.socket.send(text);
  }
  conn.event('m-1', 'Ben', null, 'nothing');
  await page.locator('.event').filter({ hasText: 'nothing' }).waitFor();
});

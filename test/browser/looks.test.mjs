// Keyboard, screen sizes, themes and contrast. The screenshots are for people: look at them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, messages, screenshot, say, until } from './lib/browser.mjs';
import { lowContrast, sticksOut } from './lib/judge.mjs';
import { suite } from './lib/suite.mjs';

const it = suite();

const PHONE = { viewport: { width: 390, height: 760 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const SMALLEST = { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true };
const SCREENS = { 'light': {}, 'dark': { colorScheme: 'dark' }, 'phone': PHONE, 'phone-dark-320': { ...SMALLEST, colorScheme: 'dark' } };

/** Fills a room with one of everything. */
async function lively(options) {
  it.fake.members = ['Ada Lovelace', 'Grace Hopper', 'Мария', 'a-very-long-member-name-without-any-space-in-it'];
  it.fake.names = ['lobby-gateway-0'];
  const { page, conn } = await it.joined({ name: 'Wren 42', ...options });
  conn.event('m-1', 'Ada Lovelace', { text: 'Good morning! Which gateway are you on?' });
  conn.event('m-2', 'Ada Lovelace', { text: 'I am on lobby-gateway-2.' });
  await until(() => messages(page), (list) => list.length === 2, 'messages');
  await say(page, 'On lobby-gateway-0, and your message is here.');
  conn.send('presence:join', { channel: 'lobby', memberId: 'Ben' });
  await page.getByText('Ben joined').waitFor();
  conn.send('gap', { channel: 'lobby', gateway: 'lobby-gateway-2' });
  conn.event('m-3', 'billing', { order: 4711, total: 'EUR 12.50' }, 'order.created');
  conn.event('m-4', 'Grace Hopper', { text: 'https://example.com/a-very-long-address-that-must-not-widen-the-page?'.repeat(2) });
  for (const memberId of ['Grace Hopper', 'Мария']) conn.send('typing', { channel: 'lobby', memberId, typing: true });
  await page.getByText('are typing').waitFor();
  return { page, conn };
}

for (const [name, options] of Object.entries(SCREENS)) {
  test(`a room fits and can be read: ${name}`, async () => {
    const { page } = await lively(options);
    await screenshot(page, `room-${name}`);
    assert.deepEqual(await sticksOut(page, '.visually-hidden, .meta, .sprite'), []);
    assert.deepEqual(await page.evaluate(lowContrast), []);
  });

  test(`the entrance fits and can be read: ${name}`, async () => {
    it.fake.refusal = { code: 1008, error: { code: 'bad_request', message: 'member "a\\x01" has a control character' } };
    const page = await it.page(options);
    await page.goto(`${it.fake.origin}/#channel=lobby&name=Wren`);
    await page.getByText('has a control character').waitFor();
    await screenshot(page, `entrance-${name}`);
    assert.deepEqual(await sticksOut(page, '.visually-hidden, .meta, .sprite'), []);
    assert.deepEqual(await page.evaluate(lowContrast), []);
  });

  test(`a broken connection and a failed message can be read: ${name}`, async () => {
    const { page, conn } = await lively(options);
    it.fake.answers.delete('publish');
    await say(page, 'This one is refused.');
    conn.error(await conn.received('publish', 1), { code: 'forbidden', message: 'the channel is read only' });
    await page.getByRole('button', { name: 'Send again' }).waitFor();
    conn.error(null, { code: 'rate_limited', message: 'more than 50 frames a second' });
    await page.getByText('more than 50 frames').waitFor();
    await page.evaluate(() => { Math.random = () => 1; });
    it.fake.refusal = { code: 1013, error: { code: 'unavailable', message: 'draining', retryAfterMs: 9_000 } };
    conn.socket.close(1012);
    await page.getByText('draining').waitFor();
    await page.getByText(/retry in \d+ s/).waitFor();
    assert.ok(await page.getByRole('button', { name: 'Send again' }).evaluate((node) => node.checkVisibility()));
    await until(() => page.locator('.failure').evaluate((node) => node.getBoundingClientRect().bottom
      - document.getElementById('log').getBoundingClientRect().bottom), (below) => below <= 0, 'newest line below the log');
    await screenshot(page, `trouble-${name}`);
    assert.deepEqual(await sticksOut(page, '.visually-hidden, .meta, .sprite'), []);
    assert.deepEqual(await page.evaluate(lowContrast), []);
  });
}

test('a phone shows people and connection on demand', async () => {
  const { page } = await lively(PHONE);
  const toggle = page.locator('#side-toggle');
  assert.ok(await page.locator('#side').isHidden());
  await toggle.tap();
  await page.getByRole('button', { name: 'Reconnect' }).waitFor();
  await screenshot(page, 'side-phone');
  assert.deepEqual(await page.evaluate(lowContrast), []);
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('#side').isHidden());
  assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
});

test('fingers find everything: controls are at least 44 pixels high', async () => {
  const { page } = await lively(SMALLEST);
  await page.locator('#side-toggle').tap();
  const small = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea')]
    .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44).map((node) => node.id));
  assert.deepEqual(small, []);
});

test('everything can be done with the keyboard, and the focus is seen', async () => {
  const page = await it.page();
  const ring = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  const at = () => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
  await page.goto(it.fake.origin);
  await until(at, (id) => id === 'name', 'focus');
  await page.keyboard.type('Ada');
  await page.keyboard.press('Tab');
  assert.equal(await at(), 'channel');
  assert.equal(await ring(), 'solid');
  await page.keyboard.press('Enter');
  await connected(page);
  assert.equal(await at(), 'text');
  await page.keyboard.type('first');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second');
  await page.keyboard.press('Enter');
  assert.deepEqual(await messages(page), ['first\nsecond']);
  const order = [];
  for (let i = 0; i < 3; i += 1) {
    await page.keyboard.press('Tab');
    order.push(await at());
    assert.equal(await ring(), 'solid', `focus on ${order.at(-1)} must be seen`);
  }
  assert.deepEqual(order, ['BUTTON', 'reconnect', 'leave']);
  await page.locator('#leave').focus();
  await page.keyboard.press('Enter');
  await until(at, (id) => id === 'name', 'focus');
});

test('the theme follows the system until it is chosen, and the choice lasts', async () => {
  const page = await it.page({ colorScheme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(it.fake.origin);
  const dark = await background();
  const toggle = page.getByRole('button', { name: 'Dark theme' });
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  await toggle.click();
  const light = await background();
  assert.notEqual(light, dark);
  await page.reload();
  assert.equal(await background(), light);
  assert.equal(await page.getByRole('button', { name: 'Dark theme' }).getAttribute('aria-pressed'), 'false');
});

test('messages, typing and the state of the connection are announced', async () => {
  const { page } = await it.joined();
  const live = (id) => page.locator(id).evaluate((node) => [node.role ?? node.getAttribute('role'), node.ariaLive]);
  assert.deepEqual(await live('#log'), ['log', 'polite']);
  assert.equal((await live('#typing'))[1], 'polite');
  assert.equal((await live('#status-text'))[0], 'status');
  assert.equal((await live('#notice-text'))[0], 'alert');
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea')]
    .filter((node) => node.checkVisibility())
    .filter((node) => !(node.textContent.trim() || node.ariaLabel || node.labels?.length)).map((node) => node.outerHTML));
  assert.deepEqual(unnamed, []);
});

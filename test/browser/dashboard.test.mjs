// The dashboard: what it shows of a scripted cluster and of a real one, with which key, by keyboard, and how it looks. The screenshots are
// for people: look at them.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch, newPage, screenshot, until } from './lib/browser.mjs';
import { Cluster } from './lib/cluster.mjs';
import { calm, troubled } from './lib/dashboards.mjs';
import { FakeAdmin, gateway } from './lib/fakeadmin.mjs';
import { lowContrast, sticksOut } from './lib/judge.mjs';

const WIDE = { viewport: { width: 1280, height: 860 } };
const PHONE = { viewport: { width: 390, height: 760 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const SMALLEST = { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true };

let browser;
let fake;
let pages = [];

before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });
beforeEach(async () => { fake = await FakeAdmin.start(); });
afterEach(async () => {
  // The browser reports answers that are no success, which several tests cause on purpose.
  const problems = pages.flatMap((page) => page.problems).filter((text) => !/^Failed to load resource/.test(text));
  for (const page of pages.splice(0)) await page.context().close();
  await fake.close();
  assert.deepEqual(problems, [], 'the browser complained');
});

async function open({ address = fake.address, hash = '', state = 'live', ...options } = {}) {
  const page = await newPage(browser, { ...WIDE, ...options });
  pages.push(page);
  await page.goto(address + hash);
  await page.locator(`body[data-state="${state}"]`).waitFor();
  if (state === 'live') await page.locator('#channels li, #channels-empty:visible').first().waitFor();
  return page;
}

const text = (page, selector) => page.locator(selector).innerText();
const texts = (page, selector) => page.locator(selector).allInnerTexts();
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

for (const [name, options] of Object.entries({ light: WIDE, dark: { ...WIDE, colorScheme: 'dark' }, phone: PHONE, 'phone-dark-320': { ...SMALLEST, colorScheme: 'dark' } })) {
  test(`a cluster with every trouble fits and can be read: ${name}`, async () => {
    troubled(fake);
    const page = await open({ ...options, hash: '#channel=lobby' });
    await page.locator('#members li').first().waitFor();
    await screenshot(page, `dashboard-${name}`, { fullPage: true });
    assert.deepEqual(await sticksOut(page, '.visually-hidden, .scroll *'), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing scrolls sideways');
    assert.deepEqual(await page.evaluate(lowContrast), []);
    if (options.hasTouch) {
      const small = await page.evaluate(() => [...document.querySelectorAll('button, input')]
        .filter((node) => node.checkVisibility() && node.getBoundingClientRect().height < 44).map((node) => node.textContent || node.id));
      assert.deepEqual(small, [], 'fingers find everything');
    }
  });
}

test('everything about a troubled cluster is told', async () => {
  troubled(fake);
  const page = await open({ hash: '#channel=lobby' });
  assert.deepEqual((await texts(page, '.notice')).map((line) => line.replace(/for \d+ s/, 'for N s')), [
    'chat-gateway-4 did not answer\nno answer within 2 s',
    'chat-gateway-2 drains\nbecause of “new kernel”, for N s, 1,310 of 4,102 connections left, 2,792 moved',
  ]);
  assert.equal(await text(page, '#t-gateways'), '2 of 4');
  assert.equal(await text(page, '#t-members'), '9,214');
  assert.equal(await text(page, '#sight-text'), 'chat-gateway-4 did not answer; chat-gateway-3 does not see chat-gateway-2.');
  assert.equal(await page.locator('#graph .edge.cut').count(), 4);
  const [first, second, third] = await texts(page, '#gateways tr');
  assert.match(first, /chat-gateway-1\s+Ready\s+4,\d+\s+\d+\s+[\d,]+\s+\d\.\d ms\s+3 h\s+v0\.2\.0/);
  assert.match(second, /Draining\s+moving: 1,310 of 4,102 left/);
  assert.match(third, /does not see chat-gateway-2$/m);
  assert.match(await text(page, '#slow'), /Grace Hopper\n206 KiB wait\nfor 8 s · 10\.1\.4\.22 · chat-gateway-1/);
  assert.match(await text(page, '#errors'), /Warning\s+peer does not answer × 4 · chat-gateway-1\npeer=chat-gateway-4/);
  assert.deepEqual((await texts(page, '#members li')).slice(0, 2), ['Grace Hopper\ntypes', 'Мария\ntypes']);
  assert.equal(await text(page, '#members-more'), 'and 2,118 more');
  assert.ok((await texts(page, '#members li')).includes('<img src=x onerror=alert(1)>'), 'names are text');
  assert.match(await page.locator('#c-connections svg').getAttribute('aria-label'), /^Connections: 13,\d+, between 1\d,\d+ and 1\d,\d+ in the last ten minutes$/);
});

test('whatever clients and gateways are called stays text', async () => {
  const attacks = [
    '<img src=x onerror="window.pwned=1">', '"><script>window.pwned=1</script>', "' onmouseover='window.pwned=1", '</title></textarea><svg/onload=window.pwned=1>',
    'javascript:window.pwned=1', '{{constructor.constructor("window.pwned=1")()}}', '${window.pwned=1}', '&lt;b&gt;&#60;', '__proto__', 'constructor', 'toString',
    '\u202Egnp.exe\u202C', '\u2028\u2029', 'a\\b%2e%2e%2f..', '\ud83e\udd9c'.repeat(50), '#channel=lobby', '-->', ']]>',
  ];
  calm(fake);
  fake.overview.actions = true;
  fake.overview.cluster = attacks[0];
  fake.overview.answered = attacks[1];
  attacks.forEach((attack, i) => {
    const one = gateway(i, {
      node: attack, version: attack, ready: false, reason: attack, draining: true, unseen: [attack],
      drain: { phase: 'moving', reason: attack, connections: 1, atStart: 2, moved: 1, forced: 0, windowSeconds: 30, startedAt: new Date().toISOString() },
      slow: [{ conn: attack, member: attack, address: attack, queuedBytes: 1, behindMs: 1000 }], slowTotal: 1, slowCloses: 0,
      errors: [{ at: new Date().toISOString(), level: attack, message: attack, detail: attack, count: 2 }],
    });
    fake.overview.gateways.push(one);
  });
  fake.overview.missing = attacks.map((attack) => ({ node: attack, boot: attack, reason: attack }));
  fake.channels = attacks.map((name) => ({ name, members: 3, typing: 1, connections: 1 }));
  for (const name of attacks) fake.details.set(name, { memberCount: attacks.length, members: attacks, typing: [attacks[0]] });
  const page = await open();
  assert.deepEqual(await texts(page, '#channels .name'), attacks);
  for (const [i, name] of attacks.entries()) {
    await page.locator('#channels button').nth(i).click();
    await until(() => page.locator('#detail-title').textContent(), (title) => title === name, 'the channel');
    await until(() => page.locator('#members li').count(), (n) => n === attacks.length, 'its members');
  }
  await page.getByRole('button', { name: /^Disconnect <img/ }).click();
  assert.match(await text(page, '#ask-title'), /<img src=x onerror="window\.pwned=1">/);
  await page.keyboard.press('Escape');
  await page.goto(`${fake.address}#channel=${encodeURIComponent(attacks[1])}`);
  await until(() => page.locator('#detail-title').textContent(), (title) => title === attacks[1], 'the channel of the address');
  assert.deepEqual(await page.evaluate(() => ({
    pwned: window.pwned, polluted: {}.polluted, strange: document.querySelectorAll('img:not([src="icon.svg"]), iframe, object, body script, [onerror], [onload], [onmouseover]').length,
    links: [...document.querySelectorAll('[href], [src]')].filter((node) => /^javascript:/i.test(node.getAttribute('href') ?? node.getAttribute('src'))).length,
  })), { pwned: undefined, polluted: undefined, strange: 0, links: 0 });
});

test('an empty cluster says so', async () => {
  const page = await open();
  await screenshot(page, 'dashboard-empty', { fullPage: true });
  assert.equal(await text(page, '#channels-empty'), 'No channels yet: there is one as soon as somebody joins it.');
  assert.equal(await text(page, '#slow-empty'), 'Everybody reads as fast as events come.');
  assert.equal(await text(page, '#errors-empty'), 'None since the gateways started.');
  assert.equal(await text(page, '#sight-text'), 'chat-gateway-1 is alone.');
  assert.equal(await page.locator('.chart .none').count(), 3);
  assert.ok(await page.locator('#notices').isHidden());
});

test('channels are searched, opened and closed with the keyboard', async () => {
  calm(fake);
  const page = await open();
  await page.keyboard.press('/');
  assert.equal(await focused(page), 'search');
  await page.keyboard.type('ROOM:1');
  await until(() => texts(page, '#channels .name'), (list) => list.length === 11, 'channels that match');
  assert.equal(await text(page, '#channels-count'), '11');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.querySelector('.name').textContent), 'room:1');
  assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'solid');
  fake.details.set('room:1', { memberCount: 2, members: ['ann', 'bob'], typing: ['bob'] });
  await page.keyboard.press('Enter');
  await until(() => texts(page, '#members li'), (list) => list.join() === 'bob\ntypes,ann', 'members');
  assert.equal(new URL(page.url()).hash, '#channel=room%3A1');
  fake.details.set('room:1', { memberCount: 1, members: ['ann'], typing: [] });
  await until(() => texts(page, '#members li'), (list) => list.join() === 'ann', 'members now');
  await page.keyboard.press('Escape');
  await page.locator('#detail-empty').waitFor();
  await until(() => page.evaluate(() => document.activeElement.closest('#channels') !== null), Boolean, 'focus back in the list');
  await page.locator('#search').fill('nothing like it');
  await until(() => text(page, '#channels-empty'), (line) => line === 'No channel has “nothing like it” in its name.', 'no match');
  await page.goBack();
  await until(() => text(page, '#detail-title'), (title) => title === 'room:1', 'the channel again');
});

test('a key is asked for, kept in the tab and forgotten', async () => {
  calm(fake);
  fake.key = 'sk_right';
  const page = await open({ state: 'locked' });
  await screenshot(page, 'dashboard-locked');
  assert.equal(await focused(page), 'key');
  assert.ok(await page.locator('#board').isHidden());
  await page.keyboard.type('with space');
  await page.keyboard.press('Enter');
  await page.getByText('A key has no spaces').waitFor();
  await page.locator('#key').fill('sk_wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The gateway does not take this key.').waitFor();
  await page.locator('#key').fill('sk_right');
  await page.keyboard.press('Enter');
  await page.locator('body[data-state="live"]').waitFor();
  await page.reload();
  await page.locator('body[data-state="live"]').waitFor();
  assert.ok(fake.asked.every((address) => !address.includes('sk_')), 'a key is in no address');
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [1, 0, '']);
  await page.getByRole('button', { name: 'Forget key' }).click();
  await page.locator('body[data-state="locked"]').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test('who may not look is told why', async () => {
  fake.refusal = { status: 403, detail: 'this gateway has no API keys' };
  const page = await open({ state: 'stale' });
  await page.getByText('This gateway has no API keys.').waitFor();
  await screenshot(page, 'dashboard-refused');
  assert.deepEqual(await page.evaluate(lowContrast), []);
});

test('a drain and a disconnect are confirmed, and there only where the gateway takes them', async () => {
  calm(fake);
  const page = await open({ hash: '#channel=lobby' });
  await page.locator('#members li').first().waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Drain|Disconnect)/ }).count(), 0);
  fake.overview.actions = true;
  await page.getByRole('button', { name: 'Drain of chat-gateway-2' }).click();
  assert.equal(await text(page, '#ask-title'), 'Drain chat-gateway-2?');
  await screenshot(page, 'dashboard-confirm');
  assert.deepEqual(await page.evaluate(lowContrast), []);
  assert.equal(await focused(page), 'ask-no', 'Enter changes nothing');
  await page.keyboard.press('Enter');
  await page.locator('#ask').waitFor({ state: 'hidden' });
  assert.deepEqual(fake.changes, []);
  await page.getByRole('button', { name: 'Drain of chat-gateway-2' }).press('Enter');
  await page.keyboard.press('Tab');
  fake.refusal = { status: 409, detail: 'it is too late' };
  await page.keyboard.press('Enter');
  await page.getByText('it is too late').waitFor();
  fake.refusal = null;
  await page.locator('#ask-yes').click();
  await page.locator('#ask').waitFor({ state: 'hidden' });
  fake.overview.gateways[1].draining = true;
  await page.getByRole('button', { name: 'Cancel drain of chat-gateway-2' }).click();
  await page.locator('#ask-yes').click();
  await page.locator('#ask').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Disconnect Grace Hopper' }).click();
  await page.locator('#ask-yes').click();
  await page.locator('#ask').waitFor({ state: 'hidden' });
  assert.deepEqual(fake.changes, [
    { method: 'POST', path: '/ui/api/drain', body: { boot: 'boot-2', cancel: false } },
    { method: 'POST', path: '/ui/api/drain', body: { boot: 'boot-2', cancel: true } },
    { method: 'POST', path: '/ui/api/disconnect', body: { member: 'Grace Hopper' } },
  ]);
});

test('a gateway that goes away is waited for', async () => {
  calm(fake);
  const page = await open();
  const resume = await fake.pause();
  await page.locator('body[data-state="stale"]').waitFor();
  assert.equal(await text(page, '#live'), 'Reconnecting');
  await until(() => text(page, '#live-detail'), (line) => /^last seen \d+ s ago$/.test(line), 'age of what is shown');
  assert.equal(await text(page, '#t-gateways'), '3 of 3', 'what was known stays');
  await screenshot(page, 'dashboard-stale');
  fake.overview.gateways = [gateway(1, { boot: 'another', connections: 7 })];
  await resume();
  await page.locator('body[data-state="live"]').waitFor();
  assert.equal(await text(page, '#t-connections'), '7');
});

test('any gateway of a real cluster shows all of it', async () => {
  const cluster = await Cluster.start();
  try {
    const admin = await until(() => cluster.output.match(/msg="gateway runs".* admin=(\S+)/)?.[1], Boolean, 'admin address');
    const page = await open({ address: `http://${admin}/ui/` });
    await until(() => text(page, '#t-gateways'), (line) => line === '3 of 3', 'three gateways');
    await until(() => text(page, '#sight-text'), (line) => line === 'All 3 gateways see each other.', 'links');
    const chat = await newPage(browser);
    pages.push(chat);
    await chat.goto(`${cluster.origin}/#channel=lobby&name=Ada`);
    await until(() => texts(page, '#channels .name'), (list) => list.join() === 'lobby', 'channel');
    await page.locator('#channels button').click();
    await until(() => texts(page, '#members li'), (list) => list.join() === 'Ada', 'member');
    await until(() => text(page, '#c-messages figcaption b'), (line) => /[1-9]/.test(line), 'messages a second');
    await screenshot(page, 'dashboard-real', { fullPage: true });
  } finally {
    await cluster.stop();
  }
});

// The page on a real cluster: what people do on one gateway is seen on another.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { address, connected, launch, messages, newPage, people, say, screenshot, until } from './lib/browser.mjs';
import { Cluster } from './lib/cluster.mjs';

let browser;
let cluster;
let pages = [];

before(async () => {
  cluster = await Cluster.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  const exit = await cluster?.stop();
  assert.deepEqual(exit, { code: 0, signal: null }, `starling up said:\n${cluster?.output}`);
});
afterEach(async () => {
  const problems = pages.flatMap((page) => page.problems);
  for (const page of pages.splice(0)) await page.context().close();
  assert.deepEqual(problems, [], 'the browser complained');
});

let lastChannel = 0;
const newChannel = () => `room-${lastChannel += 1}`;

async function open(name, channel, options) {
  const page = await newPage(browser, options);
  pages.push(page);
  await page.goto(address(cluster.origin, { name, channel }));
  await connected(page);
  return page;
}

/** Presses the button, and returns the new connection's gateway once the old one is gone. */
async function reconnect(page) {
  const id = () => page.locator('#conn-id').textContent();
  const before = await id();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await until(id, (now) => now !== before && now !== '–', 'a new connection');
  return connected(page);
}

/** Reconnects until the page is on a gateway that pleases. */
async function reconnectUntil(page, pleases) {
  let gateway = await connected(page);
  for (let i = 0; !pleases(gateway); i += 1) {
    assert.ok(i < 30, `the page is on ${gateway} again after ${i} reconnections`);
    gateway = await reconnect(page);
  }
}

async function openOn(gateway, name, channel) {
  const page = await open(name, channel);
  await reconnectUntil(page, (now) => now === gateway);
  return page;
}

/** Two people in one channel, on two gateways. */
async function pair(channel, options) {
  const ada = await open('Ada', channel, options);
  const ben = await open('Ben', channel);
  const other = await connected(ada);
  await reconnectUntil(ben, (gateway) => gateway !== other);
  for (const page of [ada, ben]) await seePeople(page, ['Ada', 'Ben']);
  return { ada, ben };
}

/** Waits until these are present; each page lists its own member first. */
function seePeople(page, names) {
  return until(async () => (await people(page)).sort(), (list) => list.join() === [...names].sort().join(), 'people');
}

function seeMessage(page, text) {
  return until(() => messages(page), (list) => list.includes(text), 'messages');
}

/** Counts the rows that are taken off the list of people from now on. */
async function countDepartures(page) {
  await page.evaluate(() => {
    globalThis.departures = 0;
    const count = (changes) => changes.forEach(({ removedNodes }) => { globalThis.departures += removedNodes.length; });
    new MutationObserver(count).observe(document.getElementById('people'), { childList: true });
  });
  return () => page.evaluate(() => globalThis.departures);
}

test('chat and typing cross from one gateway to another', async () => {
  const { ada, ben } = await pair(newChannel());
  await ada.locator('#text').pressSequentially('Hello from');
  await ben.getByText('Ada is typing').waitFor();
  await screenshot(ben, 'cluster-typing');
  await ada.locator('#text').fill('');
  await until(() => ben.locator('#typing').textContent(), (text) => text === '', 'typing');

  for (let i = 0; i < 20; i += 1) await say(ada, `Ada ${i}`);
  await say(ben, 'Ben answers');
  await seeMessage(ada, 'Ben answers');
  await seeMessage(ben, 'Ada 19');
  const fromAda = (await messages(ben)).filter((text) => text.startsWith('Ada'));
  assert.deepEqual(fromAda, Array.from({ length: 20 }, (_, i) => `Ada ${i}`), 'once each, in order');
  await until(() => ada.locator('.message[data-state="pending"]').count(), (count) => count === 0, 'messages on their way');
  await screenshot(ada, 'cluster-ada');
  await screenshot(ben, 'cluster-ben');
});

test('typing stops by itself when the keys rest', async () => {
  const { ada, ben } = await pair(newChannel());
  await ada.locator('#text').pressSequentially('hm');
  await ben.getByText('Ada is typing').waitFor();
  await until(() => ben.locator('#typing').textContent(), (text) => text === '', 'typing');
});

test('moving between gateways is not seen by the others, and loses nothing', async () => {
  const { ada, ben } = await pair(newChannel());
  const departures = [await countDepartures(ada), await countDepartures(ben)];
  const gateways = new Set();
  for (let i = 0; i < 6; i += 1) {
    gateways.add(await reconnect(ben));
    await say(ada, `during ${i}`);
  }
  await seeMessage(ben, 'during 5');
  assert.deepEqual((await messages(ben)).filter((text) => text.startsWith('during')),
    Array.from({ length: 6 }, (_, i) => `during ${i}`), 'once each');
  for (const count of departures) assert.equal(await count(), 0, 'nobody was seen to leave');
  assert.ok(gateways.size > 1, `only on ${[...gateways]}`);
});

test('a page that is closed is seen to leave after the grace, a person who leaves at once', async () => {
  const { ada, ben } = await pair(newChannel());
  await ben.context().close();
  await ada.getByText('Ben left').waitFor();
  await seePeople(ada, ['Ada']);

  const cleo = await open('Cleo', new URLSearchParams(new URL(ada.url()).hash.slice(1)).get('channel'));
  await ada.getByText('Cleo joined').waitFor();
  await cleo.getByRole('button', { name: 'Leave' }).click();
  await ada.getByText('Cleo left').waitFor();
});

test('a member in two tabs is one person until the last tab is gone', async () => {
  const channel = newChannel();
  const { ada, ben } = await pair(channel);
  const departures = await countDepartures(ben);
  const second = await open('Ada', channel);
  await seePeople(second, ['Ada', 'Ben']);
  await say(second, 'from my second tab');
  await ada.locator('.mine').filter({ hasText: 'from my second tab' }).waitFor();
  await seePeople(ben, ['Ada', 'Ben']);
  await second.getByRole('button', { name: 'Leave' }).click();
  await say(ada, 'still here');
  await seeMessage(ben, 'still here');
  assert.equal(await departures(), 0);
});

test('a gateway that is asked to stop hands its people over without an interruption', async () => {
  const { ada, ben } = await pair(newChannel());
  const departures = await countDepartures(ada);
  const gateway = await connected(ben);
  process.kill(cluster.pidOf(gateway), 'SIGTERM');
  await ben.getByText(`Moved from ${gateway}`).waitFor();
  await say(ada, 'did you notice?');
  await seeMessage(ben, 'did you notice?');
  await say(ben, 'no');
  await seeMessage(ada, 'no');
  assert.ok(await ben.getByText('You were disconnected').isHidden());
  assert.equal(await departures(), 0);
});

test('nobody sees the people of a killed gateway leave, except those who stay away', async () => {
  const channel = newChannel();
  const { ada, ben } = await pair(channel);
  const gateway = await connected(ben);
  const cleo = await openOn(gateway, 'Cleo', channel);
  await seePeople(ada, ['Ada', 'Ben', 'Cleo']);
  const departures = await countDepartures(ada);

  await cleo.context().close();
  process.kill(cluster.pidOf(gateway), 'SIGKILL');
  await ben.getByText(/You were disconnected/).waitFor();
  await connected(ben);
  await say(ben, 'back again');
  await seeMessage(ada, 'back again');
  assert.equal(await departures(), 0);
  await screenshot(ben, 'cluster-killed');

  await ada.getByText('Cleo left').waitFor();
  await seePeople(ada, ['Ada', 'Ben']);
  assert.equal(await departures(), 1, 'Ben was never seen to leave');
  assert.ok(await ada.getByText(/Ben left/).isHidden());
});

test('a name and a channel that the gateway refuses are explained', async () => {
  const page = await newPage(browser);
  pages.push(page);
  await page.goto(address(cluster.origin, { name: 'a\u0001b', channel: 'lobby' }));
  await page.locator('#name-error').filter({ hasText: 'control character' }).waitFor();
  await screenshot(page, 'cluster-bad-name');
  await page.locator('#name').fill('Ada');
  await page.locator('#channel').fill('ä'.repeat(150));
  await page.locator('#channel').press('Enter');
  await page.locator('#channel-error').filter({ hasText: '300 bytes' }).waitFor();
});

test('the keyboard is enough', async () => {
  const page = await newPage(browser);
  pages.push(page);
  const channel = newChannel();
  const other = await open('Ben', channel);
  await page.goto(cluster.origin);
  await until(() => page.evaluate(() => document.activeElement.id), (id) => id === 'name', 'focus');
  await page.keyboard.type('Ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type(channel);
  await page.keyboard.press('Enter');
  await connected(page);
  await page.keyboard.type('no mouse');
  await page.keyboard.press('Enter');
  await seeMessage(other, 'no mouse');
});

test('a phone in the dark works, too', async () => {
  const options = { viewport: { width: 360, height: 700 }, isMobile: true, hasTouch: true, colorScheme: 'dark', deviceScaleFactor: 2 };
  const { ada, ben } = await pair(newChannel(), options);
  await say(ben, 'Which gateway are you on?');
  await seeMessage(ada, 'Which gateway are you on?');
  await say(ada, 'See the top of the page.');
  await seeMessage(ben, 'See the top of the page.');
  await screenshot(ada, 'cluster-phone-dark');
  assert.ok(await ada.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test('the page comes with a strict policy and can be asked for again cheaply', async () => {
  const first = await fetch(cluster.origin);
  assert.match(first.headers.get('content-security-policy'), /default-src 'none'/);
  const again = await fetch(cluster.origin, { headers: { 'if-none-match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
});

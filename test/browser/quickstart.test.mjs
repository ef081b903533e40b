// The quick starts, as somebody would follow them who copies one block after the other.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, newPage, until } from './lib/browser.mjs';
import { Page } from './lib/page.mjs';

let browser;
let page;

before(async () => { browser = await launch(); });
after(() => browser?.close());
afterEach(async () => {
  await page?.end();
  page = undefined;
});

/** All blocks were run, and the page leaves nothing behind. */
async function ended() {
  const { left, output } = page;
  const files = await page.end();
  page = undefined;
  assert.equal(left, 0);
  assert.deepEqual(files, [], output);
}

test('a web page: two people see each other and talk', async () => {
  page = new Page('quick-start-browser.md');
  await page.run();
  await page.answers('http://127.0.0.1:9090/readyz');
  await page.run();
  await page.answers('http://127.0.0.1:8000/');

  const windows = await Promise.all([newPage(browser), newPage(browser)]);
  for (const window of windows) await window.goto(`http://${page.host}:8000/`);
  const people = (window) => window.locator('#people').textContent();
  const names = await until(() => people(windows[0]), (text) => /^guest-\w+, guest-\w+$/.test(text), 'both people');
  await until(() => people(windows[1]), (text) => text.split(', ').sort().join() === names.split(', ').sort().join(), 'the same people');
  await windows[0].locator('#text').fill('hello');
  await windows[0].locator('#text').press('Enter');
  for (const window of windows) await until(() => window.locator('#log li').allTextContents(), (lines) => lines.length === 1, 'one line');
  const [said, heard] = await Promise.all(windows.map((window) => window.locator('#log li').textContent()));
  assert.match(said, /^guest-\w+: hello$/);
  assert.equal(heard, said);
  assert.equal(await windows[0].locator('#text').inputValue(), '');
  // A browser asks for an icon by itself, and there is none.
  assert.deepEqual(windows.flatMap(({ problems }) => problems).filter((problem) => !/404/.test(problem)), []);
  for (const window of windows) await window.context().close();

  await page.run();
  await ended();
});

test('a backend: it signs in, publishes, sends and sees who is there', async () => {
  page = new Page('quick-start-backend.md');
  await page.run();
  await page.answers('http://127.0.0.1:9090/readyz');
  const stream = await page.run();
  await until(stream, (text) => text.includes('"starling:joined"'), 'Ann is in the channel');

  const published = await page.run();
  assert.match(published(), /"mid":"[^"]+"/);
  await until(stream, (text) => text.includes('{"total": 4200}'), 'the event');
  const sent = await page.run();
  assert.match(sent(), /"connections":1/);
  await until(stream, (text) => /"thank you"/.test(text), 'the notice');
  const seen = await page.run();
  assert.match(seen(), /\{"members":\["ann"\],"memberCount":1\}/);

  await page.run();
  await ended();
});

test('an operator: a cluster starts, can be looked into, and ends', async () => {
  page = new Page('quick-start-operator.md');
  await page.run();
  await page.answers('http://127.0.0.1:8080/');
  const looked = await page.run();
  assert.match(looked(), /gateway/i);
  assert.match(looked(), /^starling_connections 0$/m);
  const stopped = await page.run();
  assert.match(stopped(), / stopped$/m);
  await ended();
});

// The pages of examples/, each in two browsers, and how they look. The screenshots are for people: look at them.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch, newPage, screenshot, until } from './lib/browser.mjs';
import { lowContrast, sticksOut } from './lib/judge.mjs';
import { Program } from './lib/program.mjs';

const PHONE = { viewport: { width: 390, height: 760 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const SCREENS = { light: {}, dark: { colorScheme: 'dark' }, phone: PHONE };

let browser;
let program;
const pages = [];

before(async () => { browser = await launch(); });
after(() => browser?.close());
afterEach(async () => {
  const problems = pages.flatMap((page) => page.problems);
  for (const page of pages.splice(0)) await page.context().close();
  const exited = await program?.stop();
  program = undefined;
  assert.deepEqual(problems, [], 'the browser complained');
  assert.deepEqual(exited, { code: 0, signal: null }, 'the example ends in good order');
});

async function open(options) {
  const page = await newPage(browser, options);
  pages.push(page);
  await page.goto(program.origin);
  return page;
}

/** Fits, can be read, and is kept as a picture. */
async function look(page, name) {
  await screenshot(page, name);
  assert.deepEqual(await sticksOut(page), [], name);
  assert.deepEqual(await page.evaluate(lowContrast), [], name);
}

for (const [name, options] of Object.entries(SCREENS)) {
  test(`cursors: each sees where the other points, and when the other is gone: ${name}`, async () => {
    program = await Program.start('cursors');
    const [ada, grace] = [await open(options), await open(options)];
    const people = (page) => page.locator('#people').textContent();
    await until(() => people(ada), (text) => text.split(', ').length === 2, 'both are there');
    await until(() => people(grace), (text) => text.split(', ').length === 2, 'both are there');

    const { width, height } = ada.viewportSize();
    await ada.mouse.move(width * 0.25, height * 0.5);
    await grace.mouse.move(width * 0.5, height * 0.75);
    const cursor = (page) => page.locator('.cursor');
    const at = (page) => cursor(page).evaluateAll((all) => all.map((node) => node.getBoundingClientRect())
      .map(({ left, top }) => [left / innerWidth, top / innerHeight].map((share) => Math.round(share * 20) / 20).join()));
    await until(() => at(grace), (all) => all.join(';') === '0.25,0.5', 'the first cursor on the second page');
    await until(() => at(ada), (all) => all.join(';') === '0.5,0.75', 'the second cursor on the first page');
    await ada.mouse.move(width * 0.75, height * 0.25);
    await until(() => at(grace), (all) => all.join(';') === '0.75,0.25', 'it has moved');
    await look(grace, `cursors-${name}`);

    await pages.shift().context().close();
    await until(() => cursor(grace).count(), (n) => n === 0, 'it is gone with its owner');
    await until(() => people(grace), (text) => !text.includes(','), 'who stays is alone');
  });

  test(`live dashboard: the same figure on two pages, which changes: ${name}`, async () => {
    program = await Program.start('live-dashboard');
    const [first, second] = [await open(options), await open(options)];
    const figure = async (page) => Number(await page.locator('#orders').textContent());
    const seen = new Set();
    await until(async () => seen.add(await figure(first)).size, (n) => n >= 3, 'three figures');
    await until(async () => await figure(first) === await figure(second), Boolean, 'the same figure on both');
    await until(() => second.locator('#state').textContent(), (text) => text === 'online', 'it says that it is connected');
    await look(second, `live-dashboard-${name}`);
  });
}

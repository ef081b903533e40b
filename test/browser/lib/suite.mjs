// One browser for a test file, and for each test a fake gateway and pages that must meet no problem.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { address, connected, launch, newPage } from './browser.mjs';
import { FakeGateway } from './fake.mjs';

/** Call it once in a test file. The returned object's fields are set anew for each test. */
export function suite() {
  const it = { browser: null, fake: null, pages: [] };

  before(async () => { it.browser = await launch(); });
  after(async () => { await it.browser?.close(); });
  beforeEach(async () => { it.fake = await FakeGateway.start(); });
  afterEach(async () => {
    const problems = it.pages.flatMap((page) => page.problems);
    for (const page of it.pages.splice(0)) await page.context().close();
    await it.fake.close();
    assert.deepEqual(problems, [], 'the browser complained');
  });

  /** An empty page. */
  it.page = async (options) => {
    const page = await newPage(it.browser, options);
    it.pages.push(page);
    return page;
  };

  /** A page that has joined, and the gateway's side of its connection. With clock, its time stands still but for clock.runFor. */
  it.joined = async ({ name = 'Ada', channel = 'lobby', clock = false, ...options } = {}) => {
    const page = await it.page(options);
    if (clock) await page.clock.install();
    const n = it.fake.conns.length;
    await page.goto(address(it.fake.origin, { name, channel }));
    await connected(page);
    if (clock) await page.clock.pauseAt(await page.evaluate(() => Date.now()) + 1_000);
    return { page, conn: it.fake.conns[n] };
  };
  return it;
}

// Starts headless Chromium and opens pages that report every error they meet.

import { existsSync, mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CANDIDATES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** Where screenshots go; the directory is not under version control. */
export const OUT = new URL('../out/', import.meta.url).pathname;

/** How long a condition may take: far longer than it should, because the machine may be busy. */
export const PATIENCE_MS = 30_000;

export function launch() {
  mkdirSync(OUT, { recursive: true });
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  return chromium.launch({ executablePath, headless: true, args: ARGS });
}

/**
 * Opens an empty page of its own context, as another person's browser would be. page.problems lists what the browser
 * complained about: script errors, refused resources, violations of the content security policy.
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 760 }, colorScheme: 'light', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.problems = [];
  page.on('pageerror', (err) => page.problems.push(`script error: ${err.message}`));
  page.on('console', (message) => {
    // The browser reports a connection that failed, which several tests cause on purpose.
    if (message.type() === 'error' && !/WebSocket connection to/.test(message.text())) page.problems.push(message.text());
  });
  return page;
}

/** The address that leads straight into a channel. */
export function address(origin, { name, channel }) {
  return `${origin}/#${new URLSearchParams({ channel, name })}`;
}

/** Waits until the page is connected, and returns its gateway. */
export async function connected(page) {
  await page.locator('#status[data-phase="online"]').waitFor();
  return page.locator('#conn-gateway').textContent();
}

export async function say(page, text) {
  await page.locator('#text').fill(text);
  await page.locator('#text').press('Enter');
}

export function messages(page) {
  return page.locator('.message .text').allTextContents();
}

export function people(page) {
  return page.locator('#people .person').allTextContents();
}

export function screenshot(page, name, options = {}) {
  return page.screenshot({ path: `${OUT}${name}.png`, ...options });
}

/** Waits until get() resolves to something that pleases is(), and returns it; fails with the last value. */
export async function until(get, is, what) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await get();
    if (is(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)} after ${PATIENCE_MS} ms`);
    await new Promise((resume) => setTimeout(resume, 25));
  }
}

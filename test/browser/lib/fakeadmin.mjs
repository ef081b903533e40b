// The admin port of a gateway that shows whatever a test wants to see: the dashboard's files, and data that the test changes.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { contentSecurityPolicy } from './fake.mjs';

const UI = new URL('../../../gateway/ui/assets/', import.meta.url);
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export class FakeAdmin {
  overview = { cluster: 'chat', answered: 'chat-gateway-1', actions: false, gateways: [gateway(1)] };
  channels = [];
  details = new Map();
  /** The key that is wanted; null: none. */
  key = null;
  /** When set, every question gets this status and this reason. */
  refusal = null;
  /** What was asked: path and query. */
  asked = [];
  /** What was to be changed: method, path and body. */
  changes = [];

  static async start() {
    const fake = new FakeAdmin();
    fake.policy = await contentSecurityPolicy();
    fake.http = createServer((req, res) => fake.#serve(req, res));
    await new Promise((ready) => fake.http.listen(0, '127.0.0.1', ready));
    fake.origin = `http://127.0.0.1:${fake.http.address().port}`;
    fake.address = `${fake.origin}/ui/`;
    return fake;
  }

  /** Answers nobody until the returned function is called, as a gateway that is restarted does. */
  async pause() {
    const { port } = this.http.address();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
    return () => new Promise((ready) => this.http.listen(port, '127.0.0.1', ready));
  }

  async close() {
    this.http.closeAllConnections();
    if (this.http.listening) await new Promise((done) => this.http.close(done));
  }

  async #serve(req, res) {
    const url = new URL(req.url, this.origin);
    if (url.pathname.startsWith('/ui/api/')) {
      this.#answer(req, res, url);
      return;
    }
    const name = url.pathname === '/ui/' ? 'index.html' : url.pathname.replace('/ui/', '');
    try {
      const body = await readFile(new URL(name, UI));
      res.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1)], 'content-security-policy': this.policy });
      res.end(body);
    } catch {
      res.writeHead(404).end();
    }
  }

  #answer(req, res, url) {
    const say = (status, body) => res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    this.asked.push(url.pathname + url.search);
    if (this.key !== null && req.headers.authorization !== `Bearer ${this.key}`) return say(401, { detail: 'want an API key' });
    if (this.refusal) return say(this.refusal.status, { detail: this.refusal.detail });
    if (req.method !== 'GET') return this.#change(req, say, url);
    if (url.pathname === '/ui/api/overview') return say(200, { at: new Date().toISOString(), ...this.overview });
    if (url.pathname === '/ui/api/channel') {
      const name = url.searchParams.get('name');
      const detail = this.details.get(name) ?? { memberCount: 0, members: [], typing: [] };
      return say(200, { name, connections: detail.memberCount, truncated: false, ...detail });
    }
    const search = (url.searchParams.get('search') ?? '').toLowerCase();
    const matching = this.channels.filter((c) => c.name.toLowerCase().includes(search));
    return say(200, { matching: matching.length, channels: matching.slice(0, Number(url.searchParams.get('limit'))) });
  }

  async #change(req, say, url) {
    let body = '';
    for await (const chunk of req) body += chunk;
    this.changes.push({ method: req.method, path: url.pathname, body: JSON.parse(body) });
    say(200, {});
  }
}

/** A gateway that is well, but for what more says. */
export function gateway(n, more = {}) {
  return {
    node: `chat-gateway-${n}`, boot: `boot-${n}`, version: 'v0.2.0', cluster: 'chat', ready: true, draining: false,
    drain: { phase: 'serving', connections: 0, atStart: 0, moved: 0, forced: 0 }, startedAt: new Date(Date.now() - 3 * 3600_000).toISOString(),
    connections: 0, maxConnections: 20_000, channels: 0, localChannels: 0, members: 0, peers: [], ...more,
  };
}

/** Ten minutes of history of a gateway: f(i) is the i-th of 120 steps, the last one now. */
export function history(f) {
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: 120 }, (_, i) => ({ at: now - (119 - i) * 5, seconds: 5, connections: 0, in: 0, out: 0, p99Ms: null, ...f(i) }));
}

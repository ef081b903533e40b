// A gateway that does what a test tells it to: it serves the page, greets, and then says and withholds whatever is hard
// to provoke on a real one.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { WebSocketServer } from 'ws';
import { until } from './browser.mjs';

const DEMO = new URL('../../../gateway/demo/', import.meta.url);
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

export class FakeGateway {
  /** All connections that came, in order, the closed ones too. */
  conns = [];
  /** What the next connections are told their gateway is; the last one repeats. */
  names = ['gateway-a'];
  members = [];
  typing = [];
  heartbeatMs = 25_000;
  maxMessageBytes = 65_536;
  /** Which requests are answered without being told: take one out to answer it by hand. */
  answers = new Set(['welcome', 'join', 'leave', 'publish', 'ping']);
  /** When set, connections get this error and this closing code instead of a welcome. */
  refusal = null;

  static async start() {
    const fake = new FakeGateway();
    fake.policy = await contentSecurityPolicy();
    fake.http = createServer((req, res) => fake.#serve(req, res));
    fake.sockets = new WebSocketServer({ noServer: true });
    fake.http.on('upgrade', (req, socket, head) => fake.#upgrade(req, socket, head));
    await new Promise((ready) => fake.http.listen(0, '127.0.0.1', ready));
    fake.origin = `http://127.0.0.1:${fake.http.address().port}`;
    return fake;
  }

  /** Waits for the nth connection, counted from 0. */
  async conn(n) {
    await until(() => this.conns.length, (count) => count > n, `connection ${n}`);
    return this.conns[n];
  }

  /** Refuses TCP connections until resume, as a dead gateway does; live connections are cut. */
  async pause() {
    const { port } = this.http.address();
    for (const conn of this.conns) conn.socket.terminate();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
    this.resume = () => new Promise((ready) => this.http.listen(port, '127.0.0.1', ready));
  }

  async close() {
    for (const conn of this.conns) conn.socket.terminate();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }

  #upgrade(req, socket, head) {
    this.sockets.handleUpgrade(req, socket, head, (ws) => {
      const query = new URL(req.url, this.origin).searchParams;
      const name = this.names.length > 1 ? this.names.shift() : this.names[0];
      this.conns.push(new FakeConn(this, ws, query, name, this.conns.length));
    });
  }

  async #serve(req, res) {
    const name = req.url === '/' ? 'index.html' : req.url.replace('/demo/', '');
    try {
      const body = await readFile(new URL(`assets/${name}`, DEMO));
      res.writeHead(200, { 'content-type': TYPES[name.split('.').at(-1)], 'content-security-policy': this.policy });
      res.end(body);
    } catch {
      res.writeHead(404).end();
    }
  }
}

class FakeConn {
  /** Every frame that the page sent. */
  frames = [];
  closed = null;

  constructor(fake, socket, query, gateway, index) {
    Object.assign(this, { fake, socket, query, gateway, index });
    socket.on('message', (data) => this.#receive(JSON.parse(data)));
    socket.on('close', (code) => { this.closed = { code }; });
    socket.on('error', () => {});
    if (fake.refusal) this.#refuse(fake.refusal);
    else if (fake.answers.has('welcome')) this.welcome();
  }

  send(type, payload, more = {}) {
    this.socket.send(JSON.stringify({ type, payload, ts: Date.now(), ...more }));
  }

  welcome() {
    const { heartbeatMs, maxMessageBytes } = this.fake;
    const connId = `${this.gateway}-${this.index}`;
    this.send('welcome', { connId, memberId: this.query.get('member'), gateway: this.gateway, heartbeatMs, maxMessageBytes });
  }

  /** An application event, as every connection of the channel gets it. */
  event(mid, from, payload, type = 'chat') {
    this.send(type, payload, { channel: this.channel, from, mid });
  }

  reply(request, payload) {
    this.send('reply', payload, { id: request.id });
  }

  error(request, payload) {
    this.send('error', payload, request ? { id: request.id } : {});
  }

  joined(request, more = {}) {
    this.channel = request.payload.channel;
    const members = [...new Set([...this.fake.members, this.query.get('member')])];
    const { typing } = this.fake;
    this.send('presence:snapshot', { channel: this.channel, members, memberCount: members.length, typing });
    this.reply(request, { channel: this.channel, newlyPresent: true, ...more });
  }

  /** The frames of a type that came so far. */
  all(type) {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Waits for the nth frame of a type, counted from 0. */
  async received(type, n = 0) {
    await until(() => this.all(type).length, (count) => count > n, `frame ${n} of type ${type}`);
    return this.all(type)[n];
  }

  async end() {
    return until(() => this.closed, Boolean, `end of connection ${this.index}`);
  }

  #receive(frame) {
    this.frames.push(frame);
    if (!this.fake.answers.has(frame.type)) return;
    if (frame.type === 'join') this.joined(frame);
    if (frame.type === 'leave') this.reply(frame, { channel: this.channel, nowAbsent: true });
    if (frame.type === 'publish') this.reply(frame, { mid: `m-${frame.payload.key}` });
    if (frame.type === 'ping') this.send('pong', frame.payload);
  }

  #refuse({ code, error }) {
    this.send('error', error);
    this.socket.close(code, error.message);
  }
}

/** The policy of the real handler, so that a page that violates it fails here too. */
export async function contentSecurityPolicy() {
  const source = await readFile(new URL('../webpage/security.go', DEMO), 'utf8');
  const expression = source.match(/const contentSecurityPolicy = ((?:"[^"]*"[\s+]*)+)/)[1];
  return [...expression.matchAll(/"([^"]+)"/g)].map((match) => match[1]).join('');
}

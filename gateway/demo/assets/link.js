// One WebSocket connection to a gateway: its frames, the requests that wait for an answer, and its heartbeat. It knows
// nothing of reconnecting; client.js decides what to do when a link ends.

const PONG_MS = 10_000;
const HEARTBEAT_MS = { least: 200, default: 25_000, most: 120_000 };

/** The gateway answered a request, or the handshake, with an error. */
export class Refused extends Error {
  constructor({ code = 'unknown', message = '', request, retryAfterMs } = {}) {
    super(message);
    Object.assign(this, { code, request, retryAfterMs });
  }
}

/** The connection ended before an answer came: the request may or may not have been carried out. */
export class LinkLost extends Error {}

export class Link {
  #socket;
  #on;
  #requests = new Map();
  #nextId = 1;
  #timers = new Set();
  #heardAt = 0;
  #refusal = null;
  #closed = false;

  /** The welcome frame's payload: connId, memberId, gateway, heartbeatMs, maxMessageBytes. Null until it came. */
  welcome = null;
  /** Round trip of the last heartbeat in milliseconds. */
  rttMs = null;

  /**
   * on.welcome(), on.frame(frame), on.rtt() and on.close({ code, reason, refusal }) tell what happens. on.close is
   * called once, always after the constructor has returned.
   */
  constructor(url, dialMs, on) {
    this.#on = on;
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener('message', (event) => this.#receive(event.data));
    this.#socket.addEventListener('close', (event) => this.#ended(event.code, event.reason));
    this.#later(dialMs, () => this.welcome || this.abort('no welcome in time'));
  }

  get open() {
    return !this.#closed && this.welcome !== null && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame that wants no answer. A closing socket swallows it, as the network would. */
  send(type, payload) {
    if (this.open) this.#socket.send(JSON.stringify({ type, payload, ts: Date.now() }));
  }

  /** Sends a frame and resolves to the reply's payload, or rejects with Refused or LinkLost. */
  request(type, payload) {
    if (!this.open) return Promise.reject(new LinkLost(`${type}: the connection is not open`));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { type, resolve, reject });
      this.#socket.send(JSON.stringify({ type, id, payload, ts: Date.now() }));
    });
  }

  /** Sends a ping and gives the connection up when nothing at all has been heard withinMs later. */
  probe(withinMs = PONG_MS) {
    if (!this.open) return;
    const sentAt = performance.now();
    this.send('ping', { sentAt });
    this.#later(withinMs, () => this.#heardAt >= sentAt || this.abort('the gateway stopped answering'));
  }

  close() {
    this.#socket.close(1000);
  }

  /** Gives the connection up at once: a close handshake with a dead network would take a minute. */
  abort(reason) {
    this.#socket.close();
    this.#ended(1006, reason);
  }

  #receive(data) {
    if (this.#closed) return;
    this.#heardAt = performance.now();
    const frame = parse(data);
    if (!frame) return;
    if (frame.id !== undefined && (frame.type === 'reply' || frame.type === 'error')) this.#answer(frame);
    else if (frame.type === 'welcome') this.#welcomed(frame.payload);
    else if (frame.type === 'pong') this.#pong(frame.payload);
    else if (frame.type === 'error' && !this.welcome) this.#refusal = new Refused(frame.payload);
    else this.#on.frame(frame);
  }

  #welcomed(payload) {
    this.welcome = payload;
    const asked = payload.heartbeatMs ?? HEARTBEAT_MS.default;
    const every = Math.min(HEARTBEAT_MS.most, Math.max(HEARTBEAT_MS.least, asked));
    const beat = () => {
      this.probe(Math.min(PONG_MS, every));
      this.#later(every, beat);
    };
    beat();
    this.#on.welcome();
  }

  #pong(payload) {
    if (typeof payload?.sentAt !== 'number') return;
    this.rttMs = Math.max(0, performance.now() - payload.sentAt);
    this.#on.rtt();
  }

  #answer({ type, id, payload }) {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    if (type === 'reply') request.resolve(payload);
    else request.reject(new Refused({ request: request.type, ...payload }));
  }

  #ended(code, reason) {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { type, reject } of this.#requests.values()) reject(new LinkLost(`${type}: the connection ended`));
    this.#requests.clear();
    this.#on.close({ code, reason, refusal: this.#refusal });
  }

  #later(ms, fn) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      fn();
    }, ms);
    this.#timers.add(timer);
  }
}

/** A frame is an object with a type; anything else is ignored, since only the gateway could be wrong about it. */
function parse(data) {
  try {
    const frame = JSON.parse(data);
    if (typeof frame?.type !== 'string') return null;
    return { ...frame, payload: frame.payload ?? {} };
  } catch {
    return null;
  }
}

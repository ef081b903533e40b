// A client of one channel: it keeps one joined connection to any gateway, whatever happens to gateways and networks.
//
// It moves by connecting first: the new connection joins the channel before the old one is closed, and both are read
// for a while, so that no message is missed and nobody sees the member leave. It never sends `leave` to move.

import { Backoff } from './backoff.js';
import { Link, LinkLost, Refused } from './link.js';
import { Merge } from './merge.js';
import { Outbox } from './outbox.js';

// A dead node swallows packets for a while; a gateway that lives answers much faster than the first of these.
const DIAL_MS = { first: 2_500, most: 10_000 };
// A connection that lasted this long was a success: the next wait starts small again.
const STABLE_MS = 10_000;
const OVERLAP_MS = 1_000;
const LEAVE_MS = 1_000;
const PROBE_MS = 3_000;
// Closing codes that trying again cannot change (against the rules, credentials expired), and error codes that it can.
const FINAL_CODES = new Set([1008, 4001]);
const TEMPORARY = new Set(['unavailable', 'rate_limited']);

export class Client {
  #url;
  #channel;
  #on;
  #merge;
  #outbox;
  #backoff = new Backoff();
  // The connections: the one that counts, the one that is to replace it, and both and the retired ones together.
  #current = null;
  #candidate = null;
  #entries = new Set();
  #timer = 0;
  #retryAt = 0;
  #lostAt = 0;
  #stopped = false;

  /**
   * on.status(status), on.joined({ gateway, awayMs, partial }), on.presence(presence, { joined, left }),
   * on.typing(presence), on.message(frame), on.sent(item), on.failed(item, error), on.gap(payload), on.problem(error)
   * for what the person should know, and on.stopped(error) when only the person can help.
   */
  constructor({ url, channel, on }) {
    this.#url = url;
    this.#channel = channel;
    this.#on = on;
    this.#merge = new Merge(channel, on);
    const sent = (item, mid) => {
      this.#merge.own(mid);
      on.sent(item);
    };
    this.#outbox = new Outbox({ sent, failed: on.failed });
  }

  /** Connects; without a wait when it was waiting, and to a new connection when there is one: it may reach another gateway. */
  connect() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#stopped || this.#candidate) return;
    const entry = { link: null, view: Merge.view(), joined: false, joinedAt: 0, drain: null };
    const dialMs = Math.min(DIAL_MS.most, DIAL_MS.first * 2 ** this.#backoff.attempt);
    entry.link = new Link(this.#url, dialMs, {
      welcome: () => this.#join(entry),
      frame: (frame) => this.#frame(entry, frame),
      rtt: () => this.#status(),
      close: (why) => this.#closed(entry, why),
    });
    this.#entries.add(entry);
    this.#candidate = entry;
    this.#status();
  }

  /** Looks after the connection now: the network or the page has just come back. */
  check() {
    if (this.#timer) this.connect();
    else this.#current?.link.probe(PROBE_MS);
  }

  /** Queues a message and returns false when too many wait already. */
  publish(key, type, payload) {
    if (this.#stopped || this.#outbox.full) return false;
    this.#outbox.add({ key, frame: { channel: this.#channel, type, payload } });
    return true;
  }

  /** Tells every joined connection: the old gateway of a move would keep the flag until its time is up. */
  setTyping(typing) {
    for (const { joined, link } of this.#entries) {
      if (joined) link.send('typing', { channel: this.#channel, typing });
    }
  }

  /** The most bytes that a frame may have, as the gateway said. */
  get maxMessageBytes() {
    return this.#current?.link.welcome.maxMessageBytes ?? Infinity;
  }

  /** Leaves the channel for good: the others see it at once instead of after the grace. */
  async stop() {
    if (this.#stopped) return;
    this.#halt();
    const leaves = [...this.#entries].filter(({ joined }) => joined)
      .map(({ link }) => link.request('leave', { channel: this.#channel }).catch(() => {}));
    await Promise.race([Promise.all(leaves), new Promise((done) => setTimeout(done, LEAVE_MS))]);
    for (const { link } of this.#entries) link.close();
  }

  async #join(entry) {
    try {
      const { partial = false } = await entry.link.request('join', { channel: this.#channel, presence: 'full' });
      if (!this.#stopped) this.#promote(entry, partial);
    } catch (err) {
      if (err instanceof LinkLost) return;
      this.#entries.delete(entry);
      this.#candidate = null;
      entry.link.close();
      this.#refused(err);
    }
  }

  /** The candidate has joined: it becomes the connection that counts, and the old one is read for the overlap. */
  #promote(entry, partial) {
    const old = this.#current;
    if (old) setTimeout(() => old.link.close(), old.drain?.overlapMs ?? OVERLAP_MS);
    this.#current = entry;
    this.#candidate = null;
    entry.joined = true;
    entry.joinedAt = performance.now();
    const awayMs = this.#lostAt && performance.now() - this.#lostAt;
    this.#lostAt = 0;
    this.#on.joined({ gateway: entry.link.welcome.gateway, awayMs, partial });
    this.#merge.show(entry.view);
    this.#outbox.use(entry.link);
    this.#status();
    if (entry.drain?.due) this.#move(entry);
  }

  #frame(entry, frame) {
    if (this.#stopped) return;
    if (frame.type === 'reconnect') this.#drain(entry, frame.payload);
    else this.#merge.take(entry.view, frame);
  }

  /** The gateway drains: move after the delay it chose, which spreads its clients over time. */
  #drain(entry, { afterMs = 0, overlapMs = OVERLAP_MS }) {
    entry.drain = { overlapMs, due: false };
    setTimeout(() => {
      entry.drain.due = true;
      this.#move(entry);
    }, afterMs);
  }

  #move(entry) {
    if (entry !== this.#current || this.#candidate || this.#timer) return;
    // When every gateway sends its clients away, moving at once each time would make them run in circles.
    if (this.#settle(entry)) this.connect();
    else this.#wait();
  }

  #closed(entry, { code, reason, refusal }) {
    this.#entries.delete(entry);
    const retired = entry !== this.#current && entry !== this.#candidate;
    if (entry === this.#candidate) this.#candidate = null;
    if (entry === this.#current) this.#lost(entry);
    if (this.#stopped || retired) return;
    const closing = { code: `closed_${code}`, message: refusal?.message || reason };
    // The error frame says more than the closing code, except about credentials.
    const why = refusal && code !== 4001 ? refusal : new Refused(closing);
    if (FINAL_CODES.has(code)) {
      this.#refused(why);
      return;
    }
    if (refusal || code === 1009 || code === 4008) this.#on.problem(why);
    if (!this.#candidate && !this.#timer) this.#wait(why.retryAfterMs);
    this.#status();
  }

  #lost(entry) {
    this.#current = null;
    this.#lostAt = performance.now();
    this.#settle(entry);
    this.#outbox.use(null);
  }

  #settle({ joinedAt }) {
    const stable = performance.now() - joinedAt >= STABLE_MS;
    if (stable) this.#backoff.reset();
    return stable;
  }

  /** The gateway does not want this client: wait, or keep what still works, or stop and tell the person. */
  #refused(err) {
    if (TEMPORARY.has(err.code)) {
      this.#on.problem(err);
      this.#wait(err.retryAfterMs);
    } else if (this.#current) {
      this.#on.problem(err);
      this.#status();
    } else {
      this.#halt();
      for (const { link } of this.#entries) link.close();
      this.#on.stopped(err);
    }
  }

  #halt() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#outbox.clear();
  }

  #wait(floorMs) {
    const ms = this.#backoff.next(floorMs);
    this.#retryAt = Date.now() + ms;
    this.#timer = setTimeout(() => this.connect(), ms);
    this.#status();
  }

  #status() {
    if (this.#stopped) return;
    const { link } = this.#current ?? {};
    this.#on.status({
      phase: link ? 'online' : this.#candidate ? 'connecting' : 'waiting',
      moving: Boolean(link && this.#candidate),
      gateway: link?.welcome.gateway ?? '',
      connId: link?.welcome.connId ?? '',
      rttMs: link?.rttMs ?? null,
      retryAt: this.#retryAt,
    });
  }
}

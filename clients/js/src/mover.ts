// Keeps one connection to any gateway, whatever happens to gateways and networks.
//
// It moves by connecting first: the new connection joins the channels before the old one is closed, and both are read for
// a while, so that no event is missed and nobody sees the member leave. It never sends `leave` to move.

import { Backoff } from "./backoff.js";
import { Entry } from "./entry.js";
import { ClosedError, type Refusal, RefusedError, type StarlingError, TokenError } from "./errors.js";
import { Link } from "./link.js";
import type { Tokens } from "./token.js";
import type { Dial, Target } from "./transport.js";
import type { Frame, Options } from "./types.js";

// A dead node swallows packets for a while; a gateway that lives answers much faster than the first of these.
const DIAL_MS = 2_500;
const MOST_DIAL_MS = 10_000;
// A connection that lasted this long was a success: the next wait starts small again.
const STABLE_MS = 10_000;
const PROBE_MS = 3_000;
const RENEW_AGAIN_MS = 5_000;
// Timers hold no more: a token that lives longer than 24 days is renewed earlier.
const MOST_TIMER_MS = 2 ** 31 - 1;
// After so many attempts that never opened, the other way is tried, too.
const ATTEMPTS_BEFORE_FALLBACK = 3;

export interface MoverListener {
  /** The status is to be made anew. */
  _changed(): void;
  /** The connection was greeted and wants its seats. */
  _greeted(entry: Entry): void;
  /** The connection counts from now on. */
  _promoted(entry: Entry): void;
  _received(entry: Entry, frame: Frame): void;
  /** The connection is over. */
  _ended(entry: Entry): void;
  /** Something went wrong that trying again may mend. */
  _problem(err: StarlingError): void;
  /** The end, which only the program can do something about. */
  _stopped(phase: "failed", err: StarlingError): void;
}

export class Mover {
  _current: Entry | undefined;
  /** The connection that is being made. */
  _candidate: Entry | undefined;
  _retryAt = 0;
  readonly _entries = new Set<Entry>();
  #target: Omit<Target, "token">;
  /** The ways to connect, the best one first. */
  readonly _dials: Dial[];
  #tokens: Tokens;
  #on: MoverListener;
  #backoff: Backoff;
  #unopened = 0;
  #way = 0;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(target: Omit<Target, "token">, dials: Dial[], tokens: Tokens, options: Options, on: MoverListener) {
    this.#target = target;
    this._dials = dials;
    this.#tokens = tokens;
    this.#on = on;
    this.#backoff = new Backoff(options.random, options.backoff);
  }

  /** Connects; at once when it was waiting, and to a new connection when there is one: it may reach another gateway. */
  _connect(): void {
    this.#running = true;
    this.#unplan();
    if (this._candidate) return;
    const entry = (this._candidate = new Entry());
    this._entries.add(entry);
    this.#on._changed();
    this.#tokens._current().then(
      (token) => this._candidate === entry && this.#dial(entry, token),
      (err: TokenError) => this._candidate === entry && this.#abandon(entry, err, true),
    );
  }

  /** Looks after the connection now. With online the network has just come back, and failures before do not count. */
  _check(online: boolean): void {
    if (!this.#running) return;
    if (online) this.#backoff._reset();
    if (this.#timer !== undefined) this._connect();
    else this._current?._link!._probe(PROBE_MS);
  }

  /** Ends all connections. */
  _stop(): void {
    this.#running = false;
    this.#unplan();
    clearTimeout(this.#renewal);
    this._current = this._candidate = undefined;
    for (const entry of this._entries) {
      entry._end();
      entry._link?._close();
      this.#on._ended(entry);
    }
    this._entries.clear();
  }

  /** All seats of the connection that is to replace another one have their answer: now it does. */
  _settled(entry: Entry): void {
    if (entry === this._candidate && entry._settled) this.#promote(entry);
  }

  #dial(entry: Entry, token: string | undefined): void {
    const dialMs = Math.min(MOST_DIAL_MS, DIAL_MS * 2 ** this.#backoff._attempt);
    // Every other attempt, since a proxy or a network may change its mind.
    const other = ++this.#unopened > ATTEMPTS_BEFORE_FALLBACK && this.#unopened % 2 === 0;
    // The next connection of one that stands is made in the same way, which is known to work.
    this.#way = +other ^ (this._current ? this.#way : 0);
    const dial = this._dials[this.#way] ?? this._dials[0]!;
    try {
      entry._link = new Link(dial, { ...this.#target, token }, dialMs, {
        _greeted: () => this.#greeted(entry),
        _received: (frame) => this._entries.has(entry) && this.#received(entry, frame),
        _measured: () => this.#on._changed(),
        _closed: (...why) => this._entries.has(entry) && this.#closed(entry, ...why),
      });
    } catch (err) {
      // A browser repeats what it cannot send, and errors get into logs.
      const why = (err as Error).message.replace(token!, "*");
      this.#abandon(entry, new TokenError("token", `cannot connect: ${why}`), false);
    }
  }

  #greeted(entry: Entry): void {
    if (!this._entries.has(entry)) return;
    this.#unopened = 0;
    this.#on._greeted(entry);
    if (this._current) this._settled(entry);
    else this.#promote(entry);
  }

  /** The candidate becomes the connection that counts, and the old one is read for the overlap. */
  #promote(entry: Entry): void {
    const old = this._current;
    if (old) {
      old._retired = true;
      old._link!._later(old._overlapMs, () => old._link!._close());
    }
    this._current = entry;
    this._candidate = undefined;
    entry._since = performance.now();
    this.#planRenewal(entry);
    this.#on._promoted(entry);
    this.#on._changed();
    if (entry._due) this.#move(entry);
  }

  #received(entry: Entry, frame: Frame): void {
    if (frame.type !== "reconnect") {
      this.#on._received(entry, frame);
      return;
    }
    // The gateway drains: move after the delay it chose, which spreads its clients over time.
    const { afterMs, overlapMs } = frame.payload;
    entry._overlapMs = overlapMs ?? entry._overlapMs;
    entry._link!._later(afterMs, () => {
      entry._due = true;
      this.#move(entry);
    });
  }

  #move(entry: Entry): void {
    if (entry !== this._current || this._candidate || this.#timer !== undefined) return;
    // When every gateway sends its clients away, moving at once each time would make them run in circles.
    if (this.#settle(entry)) this._connect();
    else this.#wait();
  }

  #closed(entry: Entry, code: number, reason: string, refusal: Refusal | undefined): void {
    const { _current: current, _candidate: candidate } = this;
    this._entries.delete(entry);
    entry._end();
    if (entry === candidate) this._candidate = undefined;
    if (entry === current) {
      this.#settle(entry);
      this._current = undefined;
    }
    this.#on._ended(entry);
    if (entry !== current && entry !== candidate) return;
    const err = refusal ? new RefusedError(refusal, code) : new ClosedError(reason || `close code ${code}`, code);
    // Against the rules, or without the right to be here.
    if (code === 1008 || code === 4001) {
      this.#refused(err, code === 4001 && this.#tokens._refused());
      return;
    }
    if (refusal || code === 1009 || code === 4008) this.#on._problem(err);
    this.#again(refusal?.retryAfterMs);
  }

  /** Goes on with the other connection, or plans the next. */
  #again(floorMs?: number): void {
    const candidate = this._candidate;
    if (!this._current && candidate?._open) this.#promote(candidate);
    else if (!candidate && this.#timer === undefined) this.#wait(floorMs);
    this.#on._changed();
  }

  #abandon(entry: Entry, err: TokenError, again: boolean): void {
    this._entries.delete(entry);
    this._candidate = undefined;
    this.#refused(err, again);
  }

  /** The gateway does not want this client: try again, or keep what still works, or stop. */
  #refused(err: StarlingError, again: boolean): void {
    if (again || this._current || this._candidate) {
      this.#on._problem(err);
      if (again) this.#again();
      else this.#on._changed();
    } else {
      this._stop();
      this.#on._stopped("failed", err);
    }
  }

  #settle({ _since }: Entry): boolean {
    const stable = performance.now() - _since >= STABLE_MS;
    if (stable) this.#backoff._reset();
    return stable;
  }

  #wait(floorMs?: number): void {
    const ms = this.#backoff._next(floorMs);
    this._retryAt = Date.now() + ms;
    this.#timer = setTimeout(() => this._connect(), ms);
    this.#on._changed();
  }

  #unplan(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this._retryAt = 0;
  }

  #planRenewal(entry: Entry, ms = this.#tokens._dueIn(entry._link!._welcomedAt + performance.now() - entry._since)): void {
    clearTimeout(this.#renewal);
    if (ms !== undefined) this.#renewal = setTimeout(() => void this.#renew(entry), Math.min(ms, MOST_TIMER_MS));
  }

  /** Gives the gateway the next token before the one it has expires. A gateway that cannot take it is replaced. */
  async #renew(entry: Entry): Promise<void> {
    try {
      const token = await this.#tokens._renew("expiring");
      await entry._link!._request("auth", JSON.stringify({ token }));
      if (entry === this._current) this.#planRenewal(entry);
    } catch (err) {
      if (entry !== this._current) return;
      if ((err as StarlingError).code === "unknown_type") {
        this._connect();
      } else {
        this.#on._problem(err as StarlingError);
        this.#planRenewal(entry, RENEW_AGAIN_MS);
      }
    }
  }
}

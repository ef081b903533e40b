// A connection with its places in channels.

import type { Channel } from "./channel.js";
import type { RefusedError } from "./errors.js";
import type { Link } from "./link.js";
import type { PresenceMode } from "./types.js";
import { View } from "./view.js";

const RETRY_MS = 1_000;

/** One connection's place in one channel: joined, or on the way. */
export class Seat {
  readonly _view = new View();
  _joined = false;
  /** The first join was answered, one way or the other. */
  _settled = false;
  _partial = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly _entry: Entry;
  readonly _channel: Channel<any>;

  constructor(entry: Entry, channel: Channel<any>) {
    this._entry = entry;
    this._channel = channel;
  }

  /** Joins, again and again while the gateway asks to try later. answered is told each time. */
  _join(presence: PresenceMode, answered: (err?: RefusedError) => void): void {
    this._end();
    this._entry._link!._request("join", JSON.stringify({ channel: this._channel.name, presence })).then(
      (reply) => {
        if (!reply) return;
        this._joined = this._settled = true;
        this._partial = Boolean(reply.partial);
        answered();
      },
      (err: RefusedError) => {
        // When the gateway asks for, or up to twice as late: not all at once.
        const ms = (err.retryAfterMs ?? RETRY_MS) * (1 + Math.random());
        if (err.temporary) this.#timer = setTimeout(() => this._join(presence, answered), ms);
        else this._settled = true;
        answered(err);
      },
    );
  }

  _end(): void {
    clearTimeout(this.#timer);
  }
}

/** A connection, from the attempt to its end. */
export class Entry {
  /** Undefined while a token is waited for. */
  _link: Link | undefined;
  readonly _seats = new Map<Channel<any>, Seat>();
  /** When it began to count, as of performance.now(). */
  _since = 0;
  /** How long to read it after its replacement, which its gateway asks for; due says that it is time to move. */
  _overlapMs = 1_000;
  _due = false;
  /** It was replaced, and is only read until its overlap ends. */
  _retired = false;

  /** Whether it can take requests. */
  get _open(): boolean {
    return Boolean(this._link?._open);
  }

  /** Whether every channel's join has been answered. */
  get _settled(): boolean {
    return [...this._seats.values()].every((seat) => seat._settled);
  }

  _end(): void {
    for (const seat of this._seats.values()) seat._end();
  }
}

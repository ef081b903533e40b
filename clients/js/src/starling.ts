// The client: channels on one connection that is kept.

import { Channel } from "./channel.js";
import { Emitter } from "./emitter.js";
import { type Entry, Seat } from "./entry.js";
import { ClosedError, RefusedError, type StarlingError } from "./errors.js";
import { isEvent } from "./link.js";
import { Mover } from "./mover.js";
import { Outbox } from "./outbox.js";
import { randomId } from "./random.js";
import { Seen } from "./seen.js";
import { Tokens } from "./token.js";
import { webSocketDial } from "./transport.js";
import type { ClientEvents, Direct, Frame, Options, PublishOptions, Status } from "./types.js";
import { onWake } from "./wake.js";

const LEAVE_MS = 1_000;
const PUBLISH_MS = 100_000;
const NO_CONNECTION = { gateway: "", connId: "", memberId: "", maxMessageBytes: Infinity };

/**
 * A client of Starling. E names the events of its channels and their payloads, D those that are sent to its member directly.
 * It connects with the first join or by `connect`, and keeps one connection for all channels until `close`.
 */
export class Starling<E extends object = Record<string, any>, D extends object = any> extends Emitter<ClientEvents> {
  /** What a backend sends to this member on all its devices, in whatever channels it is. It needs a connection, and no join. */
  readonly direct: Direct<D> = new Emitter<any>() as any;
  #channels = new Map<string, Channel<any>>();
  #wanted = new Set<Channel<any>>();
  #seen = new Seen();
  #mover: Mover;
  #outbox: Outbox;
  #options: Options;
  #phase: "idle" | "on" | "failed" | "closed" = "idle";
  #error: StarlingError | null = null;
  #status!: Status;
  #unwatch: (() => void) | undefined;

  /** url is the address of a gateway's /ws, with ws, wss, http or https; in a page it may be relative. */
  constructor(url: string | URL, options: Options = {}) {
    super();
    const to = new URL(url, globalThis.location?.href);
    to.protocol = to.protocol.replace("ws", "http");
    this.#options = options;
    this.#outbox = new Outbox(options.maxQueued);
    const WebSocket = options.WebSocket ?? (globalThis as any).WebSocket;
    const dials = [WebSocket && webSocketDial(WebSocket), options.fallback].filter(Boolean);
    // The session ties the connections that overlap while the client moves.
    const target = { url: to, member: options.member, session: randomId() };
    this.#mover = new Mover(target, dials, new Tokens(options), options, this);
    this.#status = this.#snapshot();
  }

  /** The state of the connection: a new object after each change. */
  get status(): Status {
    return this.#status;
  }

  /** The channel of this name, always the same object. It is not joined yet. */
  channel<C extends object = E>(name: string): Channel<C> {
    let channel = this.#channels.get(name);
    if (!channel) this.#channels.set(name, (channel = new Channel<any>(name, this)));
    return channel;
  }

  /**
   * Connects at once, when it waits to try again, has failed, was closed, or has not begun. While it is connected it makes
   * another connection, perhaps to another gateway, and closes the old one when the new one has joined.
   */
  connect(): void {
    if (!this.#mover._dials[0]) {
      throw new TypeError("no WebSocket here: pass the option WebSocket, for example from the npm package ws");
    }
    if (this.#phase !== "on") {
      this.#phase = "on";
      this.#error = null;
      this.#unwatch = onWake((online) => this.#mover._check(online));
    }
    this.#mover._connect();
  }

  /**
   * Leaves all channels, which the others see at once, and closes the connection. What waits to be published fails with a
   * ClosedError. It resolves when the gateway has heard it, or after a second.
   */
  async close(): Promise<void> {
    const left = this._stopped("closed");
    await Promise.race([left, new Promise((late) => setTimeout(late, LEAVE_MS))]);
    if (this.#phase !== "closed") return;
    this.#mover._stop();
    this._changed();
  }

  /** @internal */
  _join(channel: Channel<any>): void {
    this.#wanted.add(channel);
    if (this.#phase !== "on") this.connect();
    else for (const entry of this.#mover._entries) if (entry._open && !entry._retired) this.#sit(entry, channel);
  }

  /** Ends the channel here and at the gateway, because of the error. @internal */
  _leave(channel: Channel<any>, err: StarlingError, refused?: RefusedError): Promise<unknown> {
    this.#wanted.delete(channel);
    this.#outbox._clear(err, channel);
    const leaves: Promise<void>[] = [];
    for (const entry of this.#mover._entries) {
      const seat = entry._seats.get(channel);
      if (!seat) continue;
      seat._end();
      entry._seats.delete(channel);
      // Nothing went wrong when the connection ends first, or was not in it yet.
      leaves.push(entry._link!._request("leave", JSON.stringify({ channel: channel.name })).catch(() => {}));
      this.#mover._settled(entry);
    }
    channel._end(err, refused);
    return Promise.all(leaves);
  }

  /** @internal */
  async _publish(channel: Channel<any>, type: string, payload: unknown, options: PublishOptions): Promise<{ mid: string }> {
    const { except, key = randomId(), timeoutMs = this.#options.publishTimeoutMs ?? PUBLISH_MS } = options;
    const json = JSON.stringify({ channel: channel.name, type, payload, except, key });
    const reply = await this.#outbox._add(channel, json, timeoutMs);
    // It is not for this client, whatever a gateway does when the client moves.
    if (except !== "none") this.#seen._add(reply.mid);
    return reply;
  }

  /** @internal */
  _typing(channel: Channel<any>, typing: boolean): void {
    // Every joined connection: the old gateway of a move would keep the flag until its time is up.
    for (const { _link, _seats } of this.#mover._entries) {
      if (_seats.get(channel)?._joined) _link!._send("typing", { channel: channel.name, typing });
    }
  }

  #sit(entry: Entry, channel: Channel<any>): void {
    const seat = entry._seats.get(channel) ?? new Seat(entry, channel);
    entry._seats.set(channel, seat);
    seat._join(channel._mode, (err) => {
      // The channel may have been left meanwhile.
      if (entry._seats.get(channel) !== seat) return;
      if (err) this._problem(err);
      if (err && seat._settled) void this._leave(channel, err, err);
      else if (err) channel._problem(err);
      else if (entry === this.#mover._current) this.#take(seat);
      this.#mover._settled(entry);
    });
  }

  #take(seat: Seat): void {
    seat._channel._joinedOn(seat);
    this.#outbox._flush();
  }

  /** @internal */
  _greeted(entry: Entry): void {
    for (const channel of this.#wanted) this.#sit(entry, channel);
  }

  /** @internal */
  _promoted(entry: Entry): void {
    this.#error = null;
    for (const seat of entry._seats.values()) if (seat._joined) this.#take(seat);
  }

  /** @internal */
  _received(entry: Entry, frame: Frame): void {
    const { type, channel, mid, payload } = frame;
    const seat = entry._seats.get(this.#channels.get(channel ?? payload?.channel)!);
    if (isEvent(frame)) {
      const to = channel === undefined ? this.direct : seat?._channel;
      // Without an id, copies cannot be told from each other: only the connection that counts is believed.
      if (to && (mid === undefined ? entry === this.#mover._current : this.#seen._add(mid))) to._event(frame);
    } else if (type === "error") {
      const err = new RefusedError(payload);
      seat?._channel._problem(err);
      this._problem(err);
    } else if (seat) {
      seat._channel._frame(seat, frame);
    }
  }

  /** @internal */
  _problem(err: StarlingError): void {
    if (!this.#mover._current) this.#error = err;
    // A page that listens to nothing would stand still without a word.
    if (!this._emit("error", err)) console.error(err);
  }

  /** @internal */
  _ended(entry: Entry): void {
    for (const seat of entry._seats.values()) seat._channel._drop(seat);
  }

  /** Ends all channels, and resolves when the gateway knows. @internal */
  _stopped(phase: "failed" | "closed", err: StarlingError | null = null): Promise<unknown> {
    this.#phase = phase;
    this.#error = err;
    this.#unwatch?.();
    const why = err ?? new ClosedError("the client was closed");
    const left = [...this.#wanted].map((channel) => this._leave(channel, why));
    this.#outbox._clear(why);
    this._changed();
    if (err) this._problem(err);
    return Promise.all(left);
  }

  /** @internal */
  _changed(): void {
    this.#status = this.#snapshot();
    this._emit("status", this.#status);
  }

  #snapshot(): Status {
    const { _current, _candidate, _retryAt } = this.#mover;
    const link = _current?._link;
    return {
      ...NO_CONNECTION,
      ...link?._welcome,
      phase: this.#phase !== "on" ? this.#phase : link ? "online" : _candidate ? "connecting" : "waiting",
      moving: Boolean(link && _candidate),
      rttMs: link?._rttMs ?? null,
      retryAt: _retryAt,
      error: this.#error,
    };
  }
}

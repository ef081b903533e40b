// One channel, as the program uses it.

import { Emitter } from "./emitter.js";
import type { Seat } from "./entry.js";
import { type RefusedError, StarlingError } from "./errors.js";
import { Presence } from "./presence.js";
import type { Starling } from "./starling.js";
import type { ChannelEvents, ChannelState, Frame, PresenceMode, Published, PublishOptions } from "./types.js";
import { Typing } from "./typing.js";

const notJoined = (name: string) => new StarlingError("not_joined", `not in channel ${name}: join it first`);

/**
 * A channel. E names the types of its events and their payloads. It belongs to its client, which gives the same object
 * for the same name. Once joined it is joined again after every break, until `leave`.
 */
export class Channel<E extends object = Record<string, any>> extends Emitter<any> {
  readonly name: string;
  /** Who is present. */
  readonly presence = new Presence();
  /** Who is typing, and the way to say that this member is. */
  readonly typing: Typing;
  #client: Starling<any>;
  #state: ChannelState = "left";
  #error: RefusedError | undefined;
  // For each call of join that waits, what resolves and what rejects it.
  #waiters: [() => void, (err: StarlingError) => void][] = [];
  #lostAt = 0;
  /** What to hear of the others. @internal */
  _mode: PresenceMode = "full";
  /** The place on the connection that counts, when that has joined. @internal */
  _seat: Seat | undefined;

  /** @internal */
  constructor(name: string, client: Starling<any>) {
    super();
    this.name = name;
    this.#client = client;
    this.typing = new Typing((typing) => client._typing(this, typing));
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** Why the state is `refused`. */
  get error(): RefusedError | undefined {
    return this.#error;
  }

  /**
   * Enters the channel, connecting first if need be; resolves when it is joined, and rejects when a gateway refuses or the
   * client ends. Nobody has to wait for it: `state` and the `error` event tell the same. Another call changes `presence`.
   */
  join({ presence = "full" }: { presence?: PresenceMode } = {}): Promise<void> {
    const state = this.#state;
    const same = presence === this._mode;
    if (state === "joined" && same) return Promise.resolve();
    this._mode = presence;
    const joined = new Promise<void>((resolve, reject) => this.#waiters.push([resolve, reject]));
    joined.catch(() => {});
    if (state !== "joined") this.#become("joining");
    if (state !== "joining" || !same) this.#client._join(this);
    return joined;
  }

  /** Leaves the channel at once; resolves when the gateway has heard it or the connection is gone. */
  leave(): Promise<unknown> {
    if (this.#state === "left") return Promise.resolve();
    return this.#client._leave(this, notJoined(this.name));
  }

  /**
   * Sends an event to the others in the channel; resolves when a gateway has accepted it. While the connection is away it
   * waits, in order and up to a bound, and however often it has to be sent, it is delivered once. It rejects with a
   * RefusedError, TimeoutError, QueueFullError, ClosedError, or a StarlingError `not_joined` or `too_large`.
   */
  publish<K extends keyof E & string>(type: K, payload: E[K], options: PublishOptions = {}): Promise<{ mid: string }> {
    if (this.#state === "left" || this.#state === "refused") {
      return Promise.reject(this.#error ?? notJoined(this.name));
    }
    return this.#client._publish(this, type, payload, options);
  }

  /** Calls the listener after each change of `state`, until the returned function is called. */
  onState(listener: (state: ChannelState) => void): () => void {
    return this.on("" as any, listener as any);
  }

  /** The connection that counts has this place: it is joined from now on. @internal */
  _joinedOn(seat: Seat): void {
    const again = seat === this._seat;
    this._seat = seat;
    this.presence._show(seat._view);
    this.typing._show(seat._view._typing);
    const waiters = this.#waiters.splice(0);
    if (!again) {
      const gateway = seat._entry._link!._welcome!.gateway;
      const awayMs = this.#lostAt && performance.now() - this.#lostAt;
      this.#lostAt = 0;
      this.#become("joined");
      this._emit("join", { gateway, awayMs, partial: seat._partial });
      if (awayMs) this._emit("gap", { reason: "away", awayMs });
      if (seat._partial) this._emit("gap", { reason: "partial", gateway });
      this.typing._repeat();
    }
    for (const [resolve] of waiters) resolve();
  }

  /** A connection with a place here is over. @internal */
  _drop(seat: Seat): void {
    this.presence._drop(seat._view);
    if (seat !== this._seat) return;
    this._seat = undefined;
    this.#lostAt = performance.now();
    this.typing._show([]);
    if (this.#state === "joined") this.#become("joining");
  }

  /** The channel is over, by leave or because of the error. @internal */
  _end(err: StarlingError, refused?: RefusedError): void {
    this._seat = undefined;
    this.#lostAt = 0;
    this.typing._reset();
    this.presence._clear();
    this.#become(refused ? "refused" : "left", refused);
    for (const [, reject] of this.#waiters.splice(0)) reject(err);
    if (refused) this._problem(refused);
  }

  /** @internal */
  _problem(err: RefusedError): void {
    this._emit("error", err);
  }

  /** A frame about presence, typing or a gap, from the connection of this place. @internal */
  _frame(seat: Seat, { type, payload }: Frame): void {
    if (type === "gap") {
      this._emit("gap", { reason: "lost", gateway: payload.gateway });
      return;
    }
    const view = seat._view;
    this.presence._changed(view, view._apply(type, payload));
    if (seat === this._seat) this.typing._show(view._typing);
  }

  #become(state: ChannelState, error?: RefusedError): void {
    this.#error = error;
    if (state === this.#state) return;
    this.#state = state;
    this._emit("", state);
  }
}

// Only the types of what Emitter does: a method of its own would cost bytes and do nothing.
export interface Channel<E extends object = Record<string, any>> {
  /**
   * Calls the listener on each such event until the returned function is called: what others publish, by its type or `*`
   * for all, and what the channel itself has to tell (ChannelEvents).
   */
  on<K extends keyof ChannelEvents>(type: K, listener: (event: ChannelEvents[K]) => void): () => void;
  on<K extends keyof E & string>(type: K, listener: (payload: E[K], event: Published<E[K], K>) => void): () => void;
  on(type: "*", listener: (payload: E[keyof E], event: Published<E[keyof E]>) => void): () => void;
}

// Who is typing, and saying so oneself.

import { Emitter } from "./emitter.js";

// A gateway forgets the flag after 5 s unless it is refreshed (--typing-ttl).
const REFRESH_MS = 2_000;
const REPEAT_MS = 2_500;
const KEPT_MS = 4_000;
const IDLE_MS = 4_000;

export interface TypingEvents {
  /** Who types now. */
  change: readonly string[];
}

/** The members who are typing in a channel, and this member's own signal. */
export class Typing extends Emitter<TypingEvents> {
  #members: readonly string[] = [];
  #send: (typing: boolean) => void;
  #active = false;
  #sentAt = 0;
  #until = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @internal */
  constructor(send: (typing: boolean) => void) {
    super();
    this.#send = send;
  }

  /** The ids of those who type, perhaps this member in another tab: a new array after each change. */
  get members(): readonly string[] {
    return this.#members;
  }

  /** Whether this client says that its member types. */
  get active(): boolean {
    return this.#active;
  }

  /**
   * Says that the member types: call it for each key. It is sent at once, repeated as often as gateways need, and
   * withdrawn idleMs after the last call; Infinity waits for `stop`.
   */
  start(idleMs = IDLE_MS): void {
    const now = performance.now();
    this.#until = now + idleMs;
    if (!this.#active || now - this.#sentAt >= REFRESH_MS) this.#say();
    this.#plan();
  }

  /** Says that the member does not type any more. */
  stop(): void {
    clearTimeout(this.#timer);
    if (!this.#active) return;
    this.#active = false;
    this.#send(false);
  }

  /** Says it again at once, for a connection that has not heard it. @internal */
  _repeat(): void {
    if (this.#active) this.#say();
  }

  /** The channel was left, which ends it silently. @internal */
  _reset(): void {
    clearTimeout(this.#timer);
    this.#active = false;
    this._show([]);
  }

  /** @internal */
  _show(members: Iterable<string>): void {
    const next = [...members];
    if (JSON.stringify(next) === JSON.stringify(this.#members)) return;
    this.#members = next;
    this._emit("change", next);
  }

  #say(): void {
    this.#active = true;
    this.#sentAt = performance.now();
    this.#send(true);
  }

  /** Waits for the end, or for the time to repeat it when the gateway would not keep it until then. */
  #plan(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (this.#until - this.#sentAt <= KEPT_MS) {
      this.#timer = setTimeout(() => this.stop(), this.#until - now);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#say();
      this.#plan();
    }, this.#sentAt + REPEAT_MS - now);
  }
}

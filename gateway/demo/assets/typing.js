// When to say that the person is typing: at the first key, again every few seconds while it goes on (the gateway
// forgets it otherwise), and that it stopped when the keys rest, the message is sent or the field is left.

const REFRESH_MS = 2_000;
const IDLE_MS = 4_000;

export class TypingSignal {
  #send;
  #active = false;
  #sentAt = 0;
  #idle = 0;

  /** send(typing) tells the gateway. */
  constructor(send) {
    this.#send = send;
  }

  get active() {
    return this.#active;
  }

  keystroke() {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.stop(), IDLE_MS);
    const now = performance.now();
    if (this.#active && now - this.#sentAt < REFRESH_MS) return;
    this.#active = true;
    this.#sentAt = now;
    this.#send(true);
  }

  /** Says it again at once, for a connection that has not heard it. */
  repeat() {
    if (!this.#active) return;
    this.#sentAt = performance.now();
    this.#send(true);
  }

  stop() {
    clearTimeout(this.#idle);
    if (!this.#active) return;
    this.#active = false;
    this.#send(false);
  }
}

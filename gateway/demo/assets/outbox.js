// The messages that the gateway has not yet accepted. Each carries a key, so that sending it again after a broken
// connection cannot deliver it twice: gateways remember keys for two minutes, and the outbox gives up before that.

import { LinkLost, Refused } from './link.js';

const GIVE_UP_MS = 100_000;
const LIMIT = 50;
const PAUSE_MS = 1_000;
// The gateway may accept these later; every other refusal is final.
const TRY_AGAIN = new Set(['rate_limited', 'unavailable', 'not_joined']);

export class Outbox {
  #items = [];
  #link = null;
  #timer = 0;
  #on;

  /** on.sent(item, mid) and on.failed(item, error) tell what became of an item; one of them comes for each. */
  constructor(on) {
    this.#on = on;
  }

  get full() {
    return this.#items.length >= LIMIT;
  }

  /** Adds a message { key, frame } and sends it as soon as there is a link. */
  add(item) {
    this.#items.push({ ...item, addedAt: Date.now(), inFlight: false });
    this.#flush();
  }

  /** Sends what waits on this link from now on; null waits for the next one. */
  use(link) {
    this.#link = link;
    this.#flush();
  }

  /** Gives up on everything that still waits. */
  clear() {
    clearTimeout(this.#timer);
    for (const item of [...this.#items]) this.#fail(item, new LinkLost('the channel was left'));
  }

  #flush() {
    clearTimeout(this.#timer);
    for (const item of this.#items.filter((i) => !i.inFlight)) {
      if (Date.now() - item.addedAt > GIVE_UP_MS) this.#fail(item, new LinkLost('no gateway took it in time'));
      else if (this.#link?.open) this.#send(item);
    }
    if (this.#items.length > 0 && !this.#link?.open) this.#timer = setTimeout(() => this.#flush(), PAUSE_MS);
  }

  async #send(item) {
    item.inFlight = true;
    try {
      const { mid } = await this.#link.request('publish', { ...item.frame, key: item.key });
      this.#forget(item);
      this.#on.sent(item, mid);
    } catch (err) {
      item.inFlight = false;
      if (err instanceof LinkLost) this.#pause(0);
      else if (err instanceof Refused && TRY_AGAIN.has(err.code)) this.#pause(err.retryAfterMs ?? PAUSE_MS);
      else this.#fail(item, err);
    }
  }

  #pause(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), ms);
  }

  #forget(item) {
    this.#items = this.#items.filter((i) => i !== item);
  }

  #fail(item, err) {
    if (!this.#items.includes(item)) return;
    this.#forget(item);
    this.#on.failed(item, err);
  }
}

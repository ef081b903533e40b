// How long to wait before the next attempt to connect: "full jitter", a random time between zero and a ceiling that
// doubles. When a gateway dies its clients come back spread out, instead of all at once.

const BASE_MS = 500;
const CAP_MS = 20_000;

export class Backoff {
  #attempt = 0;
  #random;

  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The number of waits since the last reset. */
  get attempt() {
    return this.#attempt;
  }

  /** The next wait in milliseconds; at least floorMs, which is what the server asked for. */
  next(floorMs = 0) {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.round(floorMs + this.#random() * ceiling);
  }

  reset() {
    this.#attempt = 0;
  }
}

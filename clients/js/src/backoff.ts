// How long to wait before the next attempt: "full jitter", a random time between zero and a ceiling that doubles. When a
// gateway dies its clients come back spread out, instead of all at once.

export class Backoff {
  #random: () => number;
  #firstMs: number;
  #mostMs: number;
  /** The number of waits since the last reset. */
  _attempt = 0;

  constructor(random = () => Math.random(), { firstMs = 1_000, mostMs = 30_000 } = {}) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
  }

  /** The next wait in milliseconds, on top of floorMs, which is what the server asked for. */
  _next(floorMs = 0): number {
    const ceiling = Math.min(this.#mostMs, this.#firstMs * 2 ** this._attempt++);
    return Math.round(floorMs + this.#random() * ceiling);
  }

  _reset(): void {
    this._attempt = 0;
  }
}

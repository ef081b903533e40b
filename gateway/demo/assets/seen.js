// The message ids that were seen lately. While two connections overlap, both deliver the same publish, with the same
// mid: the second one is dropped.

const LIMIT = 5_000;

export class Seen {
  #mids = new Set();
  #limit;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  /** Remembers mid and reports whether it is new. */
  add(mid) {
    if (this.#mids.has(mid)) return false;
    this.#mids.add(mid);
    if (this.#mids.size > this.#limit) this.#mids.delete(this.#mids.values().next().value);
    return true;
  }
}

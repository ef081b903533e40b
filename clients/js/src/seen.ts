// The message ids that were seen lately. While two connections overlap, both deliver the same publish, with the same
// mid: the second one is dropped.

export class Seen {
  #mids = new Set<string>();

  #limit: number;

  constructor(limit = 5_000) {
    this.#limit = limit;
  }

  /** Remembers mid and reports whether it is new. */
  _add(mid: string): boolean {
    const mids = this.#mids;
    if (mids.has(mid)) return false;
    mids.add(mid);
    if (mids.size > this.#limit) mids.delete(mids.values().next().value!);
    return true;
  }
}

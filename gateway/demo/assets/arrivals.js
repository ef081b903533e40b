// Notes about who came and who went, gathered for a moment, so that fifty people who come at once make one line.

import { nameList } from './words.js';

const GATHER_MS = 400;

export class Arrivals {
  #note;
  #joined = new Set();
  #left = new Set();
  #timer = 0;

  /** note(text) shows a line. */
  constructor(note) {
    this.#note = note;
  }

  add({ joined, left }) {
    for (const name of joined) if (!this.#left.delete(name)) this.#joined.add(name);
    for (const name of left) if (!this.#joined.delete(name)) this.#left.add(name);
    if (!this.#timer) this.#timer = setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Shows what was gathered now: a message that follows must not come before it. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const parts = [];
    if (this.#joined.size > 0) parts.push(`${nameList([...this.#joined])} joined`);
    if (this.#left.size > 0) parts.push(`${nameList([...this.#left])} left`);
    this.#joined.clear();
    this.#left.clear();
    if (parts.length > 0) this.#note(parts.join(' · '));
  }
}

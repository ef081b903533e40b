// The list of people in the channel, and the line that says who is typing.

import { avatar, element, showText } from './dom.js';
import { nameList } from './words.js';

// A browser can show more, but nobody can read more.
const SHOWN = 200;

export class People {
  #parts;
  #me;
  #rows = new Map();
  #typing = new Set();

  /** parts: list, more, counts (elements that show the number) and typing. */
  constructor(parts, me) {
    this.#parts = parts;
    this.#me = me;
    parts.list.replaceChildren();
    parts.typing.textContent = '';
  }

  /** Shows a channel's presence. Rows of people who stay are kept, so that nothing moves or blinks without a reason. */
  show(presence) {
    const { list, more, counts } = this.#parts;
    const names = [...presence].sort((a, b) => (b === this.#me) - (a === this.#me) || a.localeCompare(b)).slice(0, SHOWN);
    const wanted = new Set(names);
    for (const [name, row] of this.#rows) {
      if (wanted.has(name)) continue;
      row.remove();
      this.#rows.delete(name);
    }
    names.forEach((name, index) => {
      const row = this.#rows.get(name) ?? this.#row(name);
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    for (const node of counts) node.textContent = String(presence.size);
    const hidden = presence.size - names.length;
    showText(more, hidden > 0 ? `and ${hidden} more` : '');
  }

  /** Shows who is typing; the person at this screen knows when it is they. */
  typing(members) {
    this.#typing = new Set(members.filter((name) => name !== this.#me).sort((a, b) => a.localeCompare(b)));
    for (const [name, row] of this.#rows) row.classList.toggle('is-typing', this.#typing.has(name));
    const names = [...this.#typing];
    const line = names.length > 0 ? `${nameList(names)} ${names.length === 1 ? 'is' : 'are'} typing` : '';
    if (this.#parts.typing.textContent !== line) this.#parts.typing.textContent = line;
  }

  #row(name) {
    const you = name === this.#me ? element('span', 'you', 'you') : null;
    const dots = element('span', 'dots', element('i'), element('i'), element('i'));
    dots.setAttribute('aria-hidden', 'true');
    const label = element('bdi', 'person', name);
    label.title = name;
    const row = element('li', '', avatar(name), label, you, dots);
    row.classList.toggle('is-typing', this.#typing.has(name));
    this.#rows.set(name, row);
    return row;
  }
}

// The number of messages that came while the page was hidden, in the title of its tab.

export class Unread {
  #count = 0;
  #title;

  constructor(title) {
    this.#title = title;
    this.read();
  }

  add() {
    if (!document.hidden) return;
    this.#count += 1;
    document.title = `(${this.#count}) ${this.#title}`;
  }

  read() {
    this.#count = 0;
    document.title = this.#title;
  }
}

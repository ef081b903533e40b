// The bar above the messages that says what went wrong.

import { $ } from './dom.js';

const SHOWN_MS = 12_000;

export class Notice {
  #timer = 0;

  constructor() {
    $('notice-close').onclick = () => {
      this.hide();
      $('text').focus();
    };
  }

  show(text) {
    clearTimeout(this.#timer);
    $('notice').hidden = false;
    $('notice-text').textContent = text;
    this.#timer = setTimeout(() => this.hide(), SHOWN_MS);
  }

  hide() {
    clearTimeout(this.#timer);
    $('notice').hidden = true;
    $('notice-text').textContent = '';
  }
}

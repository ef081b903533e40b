// The messages of the channel and the notes between them.

import { avatar, element } from './dom.js';

// Older lines are dropped: a page that is left open must not grow for ever.
const LINES = 500;
const GROUP_MS = 3 * 60_000;
const NEAR_PX = 80;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export class Log {
  #frame;
  #list;
  #empty;
  #jump;
  #me;
  #last = null;
  #atEnd = true;
  #pending = new Map();
  #resizes;

  constructor({ frame, list, empty, jump, me }) {
    this.#frame = frame;
    this.#list = list;
    this.#empty = empty;
    this.#jump = jump;
    this.#me = me;
    list.replaceChildren();
    empty.hidden = false;
    jump.hidden = true;
    jump.onclick = () => {
      this.#toEnd();
      frame.focus();
    };
    frame.onscroll = () => {
      this.#atEnd = this.#nearEnd();
      if (this.#atEnd) jump.hidden = true;
    };
    // A notice, the keyboard of a phone or a turned screen must not push the newest message out of sight.
    this.#resizes = new ResizeObserver(() => this.#atEnd && this.#toEnd());
    this.#resizes.observe(frame);
  }

  /** Stops watching the frame, which the next log uses. */
  close() {
    this.#resizes.disconnect();
  }

  /** Adds somebody's message, or one that this member sent from another tab. */
  message({ from, text, ts }) {
    this.#append(this.#bubble({ from, text, ts }));
  }

  /** Adds a message of this page that is on its way; sent or failed with the same key ends that. */
  outgoing(key, text) {
    const line = this.#bubble({ from: this.#me, text, ts: Date.now() });
    line.dataset.state = 'pending';
    this.#pending.set(key, line);
    this.#append(line);
    this.#toEnd();
  }

  sent(key) {
    this.#settle(key, 'sent');
  }

  /** Marks a message as not sent, says why, and offers to send it again. */
  failed(key, why, again) {
    const line = this.#settle(key, 'failed');
    if (!line) return;
    const retry = element('button', 'retry', 'Send again');
    retry.type = 'button';
    retry.addEventListener('click', () => {
      line.remove();
      again();
    });
    line.querySelector('.bubble').append(element('p', 'failure', element('span', '', `Not sent. ${why} `), retry));
    this.#toEnd();
  }

  /** Adds a line of the page's own; kind is "info" or "warning". */
  note(text, kind = 'info') {
    this.#append(element('li', `note ${kind}`, element('span', '', text)));
    this.#last = null;
  }

  /** Adds an event of another type, as another program may publish to the channel. */
  event({ from, type, json, ts }) {
    const head = element('p', 'meta', element('bdi', 'author', from || 'server'), element('code', 'type', type), time(ts));
    this.#append(element('li', 'event', head, element('pre', '', json)));
    this.#last = null;
  }

  #bubble({ from, text, ts }) {
    const mine = from === this.#me;
    const grouped = this.#last?.from === from && ts - this.#last.ts < GROUP_MS;
    this.#last = { from, ts };
    const meta = element('p', 'meta', element('bdi', 'author', mine ? 'You' : from), time(ts));
    const body = element('p', 'text', text);
    body.dir = 'auto';
    const tick = mine ? element('span', 'tick') : null;
    tick?.setAttribute('aria-hidden', 'true');
    const line = element('li', 'message', mine ? null : avatar(from), element('div', 'bubble', meta, body, tick));
    line.classList.add(mine ? 'mine' : 'theirs');
    line.classList.toggle('grouped', grouped);
    return line;
  }

  #append(line) {
    const follow = this.#nearEnd();
    this.#empty.hidden = true;
    this.#list.append(line);
    if (this.#list.childElementCount > LINES) this.#list.firstElementChild.remove();
    if (follow) this.#toEnd();
    else this.#jump.hidden = false;
  }

  #settle(key, state) {
    const line = this.#pending.get(key);
    this.#pending.delete(key);
    if (line) line.dataset.state = state;
    return line;
  }

  #nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  #toEnd() {
    this.#frame.scrollTop = this.#frame.scrollHeight;
    this.#atEnd = true;
    this.#jump.hidden = true;
  }
}

function time(ts) {
  const date = new Date(ts);
  const node = element('time', '', clock.format(date));
  node.dateTime = date.toISOString();
  return node;
}

// Makes one stream of events out of several overlapping connections to the same channel: each message once, whichever
// connection brings it first, and presence and typing from the connection that counts.

import { Refused } from './link.js';
import { Presence } from './presence.js';
import { Seen } from './seen.js';

export class Merge {
  #channel;
  #on;
  #seen = new Seen();
  #current = null;

  constructor(channel, on) {
    this.#channel = channel;
    this.#on = on;
  }

  /** What one connection knows; pass it to the other methods. */
  static view() {
    return new Presence();
  }

  /** Remembers a message that the person wrote, so that it is not shown again should it come back. */
  own(mid) {
    this.#seen.add(mid);
  }

  /** Takes a frame of the connection with this view. */
  take(view, frame) {
    const { type, payload } = frame;
    if (type === 'error') this.#on.problem(new Refused(payload));
    else if (frame.mid !== undefined) this.#message(frame);
    else if (payload.channel !== this.#channel) return;
    else if (type === 'gap') this.#on.gap(payload);
    else this.#presence(view, type, payload);
  }

  /** From now on this view is shown. The change is told as joins and leaves, so that a move shows nothing at all. */
  show(view) {
    const changes = this.#current ? view.since(this.#current) : { joined: [], left: [] };
    this.#current = view;
    this.#on.presence(view, changes);
    this.#on.typing(view);
  }

  #message(frame) {
    if (frame.channel === this.#channel && this.#seen.add(frame.mid)) this.#on.message(frame);
  }

  #presence(view, type, payload) {
    const { joined, left, typing } = view.apply(type, payload);
    if (view !== this.#current) return;
    if (joined.length > 0 || left.length > 0) this.#on.presence(view, { joined, left });
    if (typing) this.#on.typing(view);
  }
}

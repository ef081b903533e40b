// The publishes that no gateway has accepted yet. Each carries a key, so that sending it again after a broken connection
// cannot deliver it twice: gateways remember keys for two minutes, and the outbox gives up before that.

import type { Channel } from "./channel.js";
import { QueueFullError, type RefusedError, StarlingError, TimeoutError } from "./errors.js";
import type { Link } from "./link.js";

const PAUSE_MS = 1_000;
const MOST_MS = 110_000;
// Room for the envelope around a publish: its type and id.
const ENVELOPE_BYTES = 64;

interface Item {
  _channel: Channel<any>;
  /** The payload of the request. It is made at once: the program may change its object afterwards. */
  _json: string;
  _bytes: number;
  _timer: ReturnType<typeof setTimeout>;
  _inFlight: boolean;
  _resolve(reply: { mid: string }): void;
  _reject(err: StarlingError): void;
}

export class Outbox {
  #items = new Set<Item>();
  #pausedUntil = 0;
  /** How many may be on their way. One after a refusal, or all that wait would be refused again and again; then slowly more. */
  #window = Infinity;
  #inFlight = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #limit: number;

  constructor(limit = 256) {
    this.#limit = limit;
  }

  /** Sends it as soon as the channel has a connection; resolves when a gateway has accepted it. */
  _add(channel: Channel<any>, json: string, timeoutMs: number): Promise<{ mid: string }> {
    return new Promise((resolve, reject) => {
      if (this.#items.size >= this.#limit) {
        reject(new QueueFullError("queue_full", `${this.#limit} publishes wait (maxQueued)`));
        return;
      }
      const late = () => this.#fail(item, new TimeoutError("timeout", `not accepted within ${timeoutMs} ms`));
      const item: Item = {
        _channel: channel,
        _json: json,
        _bytes: new TextEncoder().encode(json).length + ENVELOPE_BYTES,
        _timer: setTimeout(late, Math.min(MOST_MS, timeoutMs)),
        _inFlight: false,
        _resolve: resolve,
        _reject: reject,
      };
      this.#items.add(item);
      this._flush();
    });
  }

  /** Sends what can be sent now: call it when a channel has a connection. */
  _flush(): void {
    const wait = this.#pausedUntil - performance.now();
    clearTimeout(this.#timer);
    if (wait > 0) {
      this.#timer = setTimeout(() => this._flush(), wait);
      return;
    }
    for (const item of this.#items) {
      if (this.#inFlight + 1 > this.#window) return;
      const link = item._channel._seat?._entry._link;
      if (link?._open && !item._inFlight) this.#send(item, link);
    }
  }

  /** Gives up on a channel's publishes, or on all of them. What is on its way may still be accepted. */
  _clear(err: StarlingError, channel?: Channel<any>): void {
    if (!channel) clearTimeout(this.#timer);
    for (const item of this.#items) {
      if (!channel || (item._channel === channel && !item._inFlight)) this.#fail(item, err);
    }
  }

  #send(item: Item, link: Link): void {
    const most = link._welcome!.maxMessageBytes;
    if (item._bytes > most) {
      // The gateway would close the connection.
      this.#fail(item, new StarlingError("too_large", `${item._bytes} bytes, and the gateway takes ${most}`));
      return;
    }
    item._inFlight = true;
    this.#inFlight++;
    link
      ._request("publish", item._json)
      .then(
        (reply) => {
          item._inFlight = false;
          this.#window += 0.1;
          if (reply) {
            this.#forget(item);
            item._resolve(reply);
          }
        },
        (err: RefusedError) => {
          item._inFlight = false;
          if (err.temporary) {
            this.#window = 1;
            this.#pausedUntil = performance.now() + (err.retryAfterMs ?? PAUSE_MS);
          } else {
            this.#fail(item, err);
          }
        },
      )
      .then(() => {
        this.#inFlight--;
        this._flush();
      });
  }

  #forget(item: Item): void {
    clearTimeout(item._timer);
    this.#items.delete(item);
  }

  #fail(item: Item, err: StarlingError): void {
    if (!this.#items.has(item)) return;
    this.#forget(item);
    item._reject(err);
  }
}

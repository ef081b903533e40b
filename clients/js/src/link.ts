// One connection to a gateway: its frames, the requests that wait for an answer, and its heartbeat. It knows nothing of
// reconnecting; mover.ts decides what to do when a link ends.

import { type Refusal, RefusedError } from "./errors.js";
import type { Dial, Target, Transport } from "./transport.js";
import type { Frame } from "./types.js";

const PONG_MS = 10_000;
const CLOSE_MS = 3_000;
const LEAST_HEARTBEAT_MS = 200;

export interface Welcome {
  connId: string;
  memberId: string;
  gateway: string;
  heartbeatMs: number;
  maxMessageBytes: number;
}

export interface LinkListener {
  _greeted(): void;
  _received(frame: Frame): void;
  _measured(): void;
  /** Called once. refusal is what the gateway said instead of a welcome. */
  _closed(code: number, reason: string, refusal: Refusal | undefined): void;
}

interface Request {
  _type: string;
  _resolve(payload?: any): void;
  _reject(err: RefusedError): void;
}

export class Link {
  #wire: Transport;
  #on: LinkListener;
  #requests = new Map<number, Request>();
  #lastId = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #heardAt = 0;
  #refusal: Refusal | undefined;
  #over = false;

  /** Undefined until it came. */
  _welcome: Welcome | undefined;
  /** The gateway's time when it greeted, in milliseconds since 1970. */
  _welcomedAt = 0;
  /** Round trip of the last heartbeat in milliseconds. */
  _rttMs: number | null = null;

  /** Connects, and gives up when the gateway has not greeted after dialMs. */
  constructor(dial: Dial, target: Target, dialMs: number, on: LinkListener) {
    this.#on = on;
    this.#wire = dial(
      target,
      (text) => this.#receive(text),
      (code, reason) => this.#end(code, reason),
    );
    this._later(dialMs, () => this._welcome || this.#abort());
  }

  get _open(): boolean {
    return !this.#over && this._welcome !== undefined;
  }

  /** Sends a frame that wants no answer. */
  _send(type: string, payload: unknown): void {
    if (this._open) this.#wire.send(JSON.stringify({ type, payload }));
  }

  /**
   * Sends a frame with a payload in JSON. Resolves to the reply's payload, or to undefined when the connection ended before
   * an answer came: the request may have been carried out or not. Rejects with a RefusedError.
   */
  async _request(type: string, json: string): Promise<any> {
    if (!this._open) return undefined;
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { _type: type, _resolve: resolve, _reject: reject });
      this.#wire.send(`{"type":"${type}","id":${id},"payload":${json}}`);
    });
  }

  /** Sends a ping and gives the connection up when nothing at all has been heard withinMs later. */
  _probe(withinMs = PONG_MS): void {
    if (!this._open) return;
    const sent = performance.now();
    this._send("ping", { sent });
    // In two halves: a program that was stopped for long has to read what came meanwhile before it is asked.
    const check = () => this.#heardAt >= sent || this.#abort();
    this._later(withinMs / 2, () => this._later(withinMs / 2, check));
  }

  /** Closes it, without waiting long for the other side, which may be dead. */
  _close(): void {
    if (this.#over) return;
    this.#wire.close();
    this._later(CLOSE_MS, () => this.#end());
  }

  /** Gives the connection up at once: a close handshake with a dead network would take a minute. */
  #abort(): void {
    this.#wire.close();
    this.#end();
  }

  #receive(text: string): void {
    if (this.#over) return;
    this.#heardAt = performance.now();
    const frame = parse(text);
    if (!frame) return;
    const { type, payload } = frame;
    if (frame.id !== undefined && (type === "reply" || type === "error")) {
      this.#answer(frame);
    } else if (type === "welcome") {
      this.#welcomed(frame);
    } else if (type === "pong") {
      this._rttMs = performance.now() - payload.sent;
      this.#on._measured();
    } else if (type === "error" && !this._welcome) {
      this.#refusal = payload;
    } else {
      this.#on._received(frame);
    }
  }

  #welcomed({ payload, ts }: Frame): void {
    this._welcome = payload;
    this._welcomedAt = ts;
    const every = Math.max(LEAST_HEARTBEAT_MS, payload.heartbeatMs || 25_000);
    const beat = () => {
      this._probe(Math.min(PONG_MS, every));
      this._later(every, beat);
    };
    beat();
    this.#on._greeted();
  }

  #answer({ type, id, payload }: Frame): void {
    const request = this.#requests.get(id!);
    if (!request) return;
    this.#requests.delete(id!);
    if (type === "reply") request._resolve(payload);
    else request._reject(new RefusedError({ request: request._type, ...payload }));
  }

  #end(code = 1006, reason = ""): void {
    if (this.#over) return;
    this.#over = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { _resolve } of this.#requests.values()) _resolve();
    this.#requests.clear();
    this.#on._closed(code, reason, this.#refusal);
  }

  /** Calls fn then, unless the connection has ended. */
  _later(ms: number, fn: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      fn();
    }, ms);
    this.#timers.add(timer);
  }
}

/** A frame is an object with a type; anything else is ignored, since only the gateway could be wrong about it. */
function parse(text: string): Frame | undefined {
  try {
    const frame = JSON.parse(text);
    if (typeof frame?.type !== "string") return undefined;
    // An event's null is a payload like any other.
    if (!isEvent(frame)) frame.payload ??= {};
    return frame;
  } catch {
    return undefined;
  }
}

/** Whether somebody published or sent it. What is sent to a member has no channel, but an id. */
export function isEvent({ channel, mid }: Frame): boolean {
  return (channel ?? mid) !== undefined;
}

/**
 * Receiving over plain HTTP, where something on the way blocks WebSocket: `new Starling(url, { fallback: sse() })`.
 *
 * The client's status names the gateway of its first stream; later ones, with other channels, may be on others. It needs `fetch` with streams: every browser of today, and Node 20. Nothing can be published over it.
 *
 * @packageDocumentation
 */

import type { Dial, Target } from "./transport.js";

// Joins that come together make one stream.
const TOGETHER_MS = 5;
// A stream that is refused for now is tried so often before the joins are.
const MOST_ATTEMPTS = 5;
const AGAIN_MS = 100;
const OVERLAP_MS = 1_000;
const CLOSE_CODES: Record<number, number> = { 401: 4001, 429: 1013 };

interface Wanted {
  presence: string;
  /** The id of the join that has no answer yet. */
  id: number | undefined;
}

/** A transport for the option `fallback`. */
export function sse(options: { fetch?: typeof fetch } = {}): Dial {
  return (target, message, closed) => new Receiver(options.fetch ?? fetch, target, message, closed);
}

/** One connection as the client sees it: a stream of all channels, replaced by another one whenever these change. */
class Receiver {
  #fetch: typeof fetch;
  #target: Target;
  #message: (text: string) => void;
  #closed: (code: number, reason: string) => void;
  #wanted = new Map<string, Wanted>();
  #current: Stream | undefined;
  #next: Stream | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Streams that were replaced, and are read for a moment. */
  #leaving = new Map<Stream, ReturnType<typeof setTimeout>>();
  #heardAt = 0;
  #attempts = 0;
  #silenceMs = Infinity;
  #over = false;

  constructor(doFetch: typeof fetch, target: Target, message: (text: string) => void, closed: (code: number, reason: string) => void) {
    [this.#fetch, this.#target, this.#message, this.#closed] = [doFetch, target, message, closed];
    this.#plan(0);
  }

  close(): void {
    this.#end(1000, "");
  }

  send(text: string): void {
    const { type, id, payload } = JSON.parse(text);
    if (type === "join") {
      this.#wanted.set(payload.channel, { presence: payload.presence ?? "full", id });
      this.#plan();
    } else if (type === "leave") {
      this.#wanted.delete(payload.channel);
      this.#plan();
      this.#later({ type: "reply", id, payload: { channel: payload.channel, nowAbsent: false } });
    } else if (type === "ping") {
      // Comments come each heartbeat: as long as they do, the gateway is there.
      if (performance.now() - this.#heardAt < this.#silenceMs) this.#later({ type: "pong", id, payload });
    } else if (id !== undefined) {
      // What a gateway says that knows no renewal: the client then connects anew, with its next token.
      const code = type === "auth" ? "unknown_type" : "forbidden";
      this.#later({ type: "error", id, payload: { code, message: "this connection only receives: something on the way blocks WebSocket" } });
    }
  }

  #later(frame: unknown): void {
    queueMicrotask(() => this.#over || this.#message(JSON.stringify(frame)));
  }

  #plan(ms = TOGETHER_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#open(), ms);
  }

  #url(): URL {
    const { url, member, session } = this.#target;
    const to = new URL(url);
    to.pathname = `${to.pathname.replace(/\/(ws\/?)?$/, "")}/v1/events`;
    if (member !== undefined) to.searchParams.set("member", member);
    to.searchParams.set("session", session);
    for (const [channel, { presence }] of this.#wanted) {
      to.searchParams.append("channel", channel);
      to.searchParams.append("presence", presence);
    }
    return to;
  }

  async #open(): Promise<void> {
    if (this.#over) return;
    this.#next?.abort();
    const stream = (this.#next = new Stream(new Map(this.#wanted)));
    const { token } = this.#target;
    try {
      const headers: HeadersInit = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const response = await this.#fetch(this.#url(), { headers, cache: "no-store", signal: stream.signal });
      if (!response.ok) await this.#refused(stream, response);
      else if (response.body) await this.#read(stream, response.body);
    } catch {
      // The network, or an end that was asked for: what follows tells them apart.
    }
    if (stream === this.#current || (stream === this.#next && !this.#current)) this.#end(1006, "");
    else if (stream === this.#next) this.#plan(1_000);
  }

  /** A stream that was to replace another one says which joins are not possible; the old one goes on. */
  async #refused(stream: Stream, response: Response): Promise<void> {
    const text = await response.text();
    // In seconds, where the gateway's own figure is missing. A date would need a clock that is right.
    const retryAfterMs = Number(response.headers.get("Retry-After") ?? NaN) * 1_000 || undefined;
    let problem: { code: string; detail: string; retryAfterMs?: number } = { code: "unavailable", detail: text };
    try {
      problem = JSON.parse(text);
    } catch {
      // A proxy's answer.
    }
    const payload = { code: problem.code, message: problem.detail, retryAfterMs: problem.retryAfterMs ?? retryAfterMs };
    if (!this.#current) {
      this.#message(JSON.stringify({ type: "error", payload }));
      this.#end(CLOSE_CODES[response.status] ?? (response.status < 500 ? 1008 : 1013), problem.detail);
      return;
    }
    this.#next = undefined;
    // One gateway of several may be full or leave: the next attempt may reach another one.
    if ((response.status > 500 || response.status === 429) && ++this.#attempts < MOST_ATTEMPTS) {
      this.#plan(AGAIN_MS * (1 + Math.random()));
      return;
    }
    for (const [channel, { id }] of stream.wanted) {
      if (id === undefined || this.#wanted.get(channel)?.id !== id) continue;
      this.#wanted.delete(channel);
      this.#message(JSON.stringify({ type: "error", id, payload: { ...payload, channel } }));
    }
  }

  async #read(stream: Stream, body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#heardAt = performance.now();
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: "));
        if (data.length > 0 && !this.#over) this.#receive(stream, data.map((line) => line.slice(6)).join("\n"));
      }
    }
  }

  #receive(stream: Stream, text: string): void {
    const { type, channel, mid, payload } = JSON.parse(text);
    if (type === "welcome") {
      if (!this.#current) {
        this.#silenceMs = 2 * payload.heartbeatMs;
        this.#current = stream;
        this.#message(text);
      }
      if (stream.wanted.size === 0) this.#replace(stream);
    } else if (type === "starling:joined") {
      this.#joined(stream, payload);
    } else if (type === "starling:close") {
      if (stream === this.#current) this.#end(payload.code, payload.reason);
    } else {
      if (type === "presence:snapshot") stream.tells.add(payload.channel);
      // Of who is there, the newer stream knows better. An event is in both, and known by its mid.
      const fromAny = (channel ?? mid) !== undefined || type === "gap";
      const older = () => this.#leaving.has(stream) || (stream === this.#current && this.#next?.tells.has(payload.channel));
      if (fromAny || !older()) this.#message(text);
    }
  }

  #joined(stream: Stream, payload: { channel: string; partial?: boolean }): void {
    stream.waiting.delete(payload.channel);
    const wanted = this.#wanted.get(payload.channel);
    if (wanted?.id !== undefined && stream.wanted.get(payload.channel)?.id === wanted.id) {
      this.#message(JSON.stringify({ type: "reply", id: wanted.id, payload }));
      wanted.id = undefined;
    } else if (payload.partial) {
      this.#message(JSON.stringify({ type: "gap", payload: { channel: payload.channel, gateway: "*" } }));
    }
    if (stream.waiting.size === 0) this.#replace(stream);
  }

  /** Everything is joined on the new stream: the old one can go. */
  #replace(stream: Stream): void {
    if (stream !== this.#next) return;
    this.#attempts = 0;
    const old = this.#current;
    [this.#current, this.#next] = [stream, undefined];
    // What was published before gateways knew of the new stream is still on its way to the old one.
    if (old && old !== stream) this.#leaving.set(old, setTimeout(() => this.#drop(old), OVERLAP_MS));
  }

  #drop(stream: Stream): void {
    this.#leaving.delete(stream);
    stream.abort();
  }

  #end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#current?.abort();
    this.#next?.abort();
    for (const [stream, timer] of this.#leaving) {
      clearTimeout(timer);
      stream.abort();
    }
    queueMicrotask(() => this.#closed(code, reason));
  }
}

class Stream {
  readonly wanted: Map<string, Wanted>;
  /** Those of which it is not known yet that they are joined. */
  readonly waiting: Set<string>;
  /** Those of which it has said who is there. */
  readonly tells = new Set<string>();
  #controller = new AbortController();

  constructor(wanted: Map<string, Wanted>) {
    this.wanted = new Map([...wanted].map(([channel, { presence, id }]) => [channel, { presence, id }]));
    this.waiting = new Set(wanted.keys());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }
}

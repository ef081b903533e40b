// What goes in and comes out, without behaviour.

import type { RefusedError, StarlingError } from "./errors.js";
import type { Dial, WebSocketConstructor } from "./transport.js";

/** How much to hear about the other members of a channel: who they are, how many they are, or nothing. */
export type PresenceMode = "full" | "count" | "none";

/** Who does not get an event: this client, all connections of its member, or nobody. */
export type Except = "connection" | "member" | "none";

/** Why a token is asked for. */
export interface TokenRequest {
  /** `connect`: there is none; `expiring`: the one in use ends soon; `refused`: a gateway would not take it. */
  reason: "connect" | "expiring" | "refused";
  /** Aborted after 30 s, when the answer is not waited for any longer. */
  signal: AbortSignal;
}

export interface Options {
  /** The member id, for gateways that run with --anonymous; others take it from the token. */
  member?: string;
  /** A token that lasts as long as this client. */
  token?: string;
  /** Gives a token when one is needed: to connect, before the old one expires, and when a gateway refused it. */
  getToken?: (request: TokenRequest) => string | Promise<string>;
  /** A WebSocket constructor. Default: the global one, which Node has from version 22 on. */
  WebSocket?: WebSocketConstructor;
  /** Another way to connect, for when WebSocket connections never open, as behind some proxies. Default: none. */
  fallback?: Dial;
  /** The bounds of the random waits between attempts, in milliseconds. Default: 1000, doubling up to 30000. */
  backoff?: { firstMs?: number; mostMs?: number };
  /** How many publishes may wait for their answer. Default: 256. */
  maxQueued?: number;
  /** How long a publish is tried, in milliseconds, at most 110000. Default: 100000. */
  publishTimeoutMs?: number;
  /** A random number from 0 up to 1. Default: Math.random. */
  random?: () => number;
}

/** The state of the client's connection. Each change makes a new object. */
export interface Status {
  /**
   * `idle` before the first join, `connecting`, `online`, `waiting` until `retryAt`, `failed` for good with `error`, or
   * `closed` by the program.
   */
  readonly phase: "idle" | "connecting" | "online" | "waiting" | "failed" | "closed";
  /** Whether a second connection is being made, to replace the one that still works. */
  readonly moving: boolean;
  /** The gateway's name, or "" while there is no connection. */
  readonly gateway: string;
  readonly connId: string;
  /** The member id, as the gateway knows it. */
  readonly memberId: string;
  /** The most bytes that a frame may have; Infinity while there is no connection. */
  readonly maxMessageBytes: number;
  /** The round trip of the last heartbeat in milliseconds; null: not known yet. */
  readonly rttMs: number | null;
  /** When the next attempt is made, as of Date.now(); 0 when none is planned. */
  readonly retryAt: number;
  /** Why the last attempt failed, or why it is over; null while all is well. */
  readonly error: StarlingError | null;
}

/** What a client itself has to tell. */
export interface ClientEvents {
  status: Status;
  /** Something was refused, on the connection or in a channel. The client goes on, unless the status says `failed`. */
  error: StarlingError;
}

/** `left`: not in it; `joining`: on the way, or the connection is away; `joined`; `refused`: a gateway does not let it in. */
export type ChannelState = "left" | "joining" | "joined" | "refused";

/** The channel was joined: at first, after a break, or on another gateway. */
export interface Joined {
  readonly gateway: string;
  /** How long the channel was without a connection, in milliseconds; 0 at first and after a move. */
  readonly awayMs: number;
  /** Whether some gateway had not confirmed yet: its publishes may be missing at first. */
  readonly partial: boolean;
}

/** Events may be missing: load what matters from where it is kept. */
export interface Gap {
  /**
   * `lost`: publishes that came through `gateway` may be missing; `away`: there was no connection for `awayMs`;
   * `partial`: not every gateway had confirmed the join.
   */
  readonly reason: "lost" | "away" | "partial";
  readonly gateway?: string;
  readonly awayMs?: number;
}

/** What a channel itself has to tell. Nobody can publish events of these types. */
export interface ChannelEvents {
  join: Joined;
  gap: Gap;
  error: RefusedError;
}

/** What somebody published. */
export interface Published<P = unknown, T extends string = string> {
  readonly type: T;
  readonly channel: string;
  /** The publisher's member id; undefined when the server's own program published. */
  readonly from: string | undefined;
  /** The same on every connection of every gateway, and never used again. */
  readonly mid: string | undefined;
  readonly payload: P;
  /** When the gateway sent it, in milliseconds since 1970. */
  readonly ts: number;
}

/** What a backend sent to this member on all its devices: it belongs to no channel. */
export type Sent<P = unknown, T extends string = string> = Omit<Published<P, T>, "channel">;

/** The events that a backend sends to this member on all its devices. E names them and their payloads. */
export interface Direct<E extends object = any> {
  /** Calls the listener on each such event, by its type or `*` for all, until the returned function is called. */
  on<K extends keyof E & string>(type: K, listener: (payload: E[K], event: Sent<E[K], K>) => void): () => void;
  on(type: "*", listener: (payload: E[keyof E], event: Sent<E[keyof E]>) => void): () => void;
  /** @internal */
  _event(frame: Frame): void;
}

export interface PublishOptions {
  /** Default: connection. */
  except?: Except;
  /** Makes publishes one: another with the same key within 2 minutes is not delivered. Default: a random one. */
  key?: string;
  /** How long it is tried, in milliseconds; overrides publishTimeoutMs. */
  timeoutMs?: number;
}

/** A frame of the server. */
export interface Frame {
  type: string;
  id?: number;
  channel?: string;
  from?: string;
  mid?: string;
  ts: number;
  payload: any;
}

// Everything that can go wrong, as classes for `instanceof` and codes for `switch`.

/** The codes of docs/protocol.md, with which a gateway refuses. */
export type ServerErrorCode =
  | "bad_request"
  | "unknown_type"
  | "reserved_type"
  | "not_joined"
  | "forbidden"
  | "too_large"
  | "rate_limited"
  | "too_many_channels"
  | "unavailable";

/** The codes of what went wrong on this side. */
export type ClientErrorCode = "closed" | "timeout" | "queue_full" | "not_joined" | "too_large" | "token";

/** The base of all errors of this package. `code` is for programs, `message` for people. */
export class StarlingError extends Error {
  override name = "StarlingError";
  /** One of the two lists above, or a code of a later protocol. */
  readonly code: ServerErrorCode | ClientErrorCode | (string & {});

  constructor(code: string, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** What a gateway says in an `error` frame. */
export interface Refusal {
  code?: string;
  message?: string;
  channel?: string;
  request?: string;
  retryAfterMs?: number;
}

/** The gateway refused a request or the connection, and said why. */
export class RefusedError extends StarlingError {
  override name = "RefusedError";
  /** The channel that it is about, where that is known. */
  declare readonly channel?: string;
  /** The type of the refused request; undefined when it was the connection that was refused. */
  declare readonly request?: string;
  /** When it may be tried again, in milliseconds from then; undefined: not known. */
  declare readonly retryAfterMs?: number;
  /** The close code that came with it, when the connection was refused. */
  declare readonly closeCode?: number;

  constructor({ code = "unknown", message = "", channel, request, retryAfterMs }: Refusal, closeCode?: number) {
    super(code, message);
    Object.assign(this, { channel, request, retryAfterMs, closeCode });
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return this.code === "unavailable" || this.code === "rate_limited";
  }
}

/** The client is closed, by `close()` or because a gateway closed the connection for good: then `closeCode` says how. */
export class ClosedError extends StarlingError {
  override name = "ClosedError";
  declare readonly closeCode?: number;

  constructor(message: string, closeCode?: number) {
    super("closed", message);
    Object.assign(this, { closeCode });
  }
}

/** A publish was not accepted in time. It may have been delivered if a connection broke while it was on its way. */
export class TimeoutError extends StarlingError {
  override name = "TimeoutError";
}

/** As many publishes wait as `maxQueued` allows. */
export class QueueFullError extends StarlingError {
  override name = "QueueFullError";
}

/** `getToken` failed, or what it gave cannot be a token; `cause` has the reason. */
export class TokenError extends StarlingError {
  override name = "TokenError";
}

// The token: where it comes from, and when the next one is due.

import { TokenError } from "./errors.js";
import type { Options, TokenRequest } from "./types.js";

const MARGIN_MS = 60_000;
const SOON_MS = 5_000;
// A page's answer may take long, but one that never comes must not stop the client.
const PATIENCE_MS = 30_000;

export class Tokens {
  #given: string | undefined;
  #get: Options["getToken"];
  #token: string | undefined;
  #reason: TokenRequest["reason"] = "connect";

  constructor({ token, getToken }: Options) {
    this.#given = token;
    this.#get = getToken;
  }

  /** The token to connect with: the one at hand unless it was refused or ends within seconds. */
  async _current(): Promise<string | undefined> {
    if (!this.#get) return this.#given;
    if (this.#token && (expiry(this.#token) ?? Infinity) - Date.now() > SOON_MS) return this.#token;
    return this._renew(this.#reason);
  }

  /** Gets a new token; fails with a TokenError. */
  async _renew(reason: TokenRequest["reason"]): Promise<string> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const late = new Promise<never>((_, reject) => (signal.onabort = () => reject(signal.reason)));
      const token = await Promise.race([this.#get!({ reason, signal }), late]);
      if (typeof token !== "string" || token === "") throw new TypeError("not a string");
      this.#reason = "connect";
      // Many a backend ends its answer with a line end.
      return (this.#token = token.trim());
    } catch (err) {
      throw new TokenError("token", `getToken failed: ${(err as Error)?.message ?? err}`, { cause: err });
    }
  }

  /** A gateway would not take it; reports whether there may be another one. */
  _refused(): boolean {
    this.#token = undefined;
    this.#reason = "refused";
    return this.#get !== undefined;
  }

  /** In how many milliseconds the next token is due, by the gateway's clock; undefined when that is not known. */
  _dueIn(gatewayNow: number): number | undefined {
    const end = this.#get && this.#token && expiry(this.#token);
    if (!end) return undefined;
    const left = end - gatewayNow;
    return Math.max(0, left - Math.min(MARGIN_MS, left / 5));
  }
}

/** When a JWT expires, in milliseconds since 1970; undefined for anything else. */
function expiry(token: string): number | undefined {
  try {
    const claims = atob(token.split(".")[1]!.replace(/[-_]/g, (c) => (c === "-" ? "+" : "/")));
    return JSON.parse(claims).exp * 1000 || undefined;
  } catch {
    return undefined;
  }
}

// Another way to connect, where WebSocket never opens: when it is tried, and what of it is kept.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Starling } from "@starling/client";
import { sse } from "@starling/client/sse";
import { until } from "./lib/until.mjs";

const clients = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

/** A client for which neither way opens unless the test says so; ways lists which were tried. */
function client() {
  const ways = [];
  const opens = { ws: false, other: false };
  const welcome = JSON.stringify({ type: "welcome", payload: { connId: "c", memberId: "ada", gateway: "a", heartbeatMs: 25_000, maxMessageBytes: 1_000 }, ts: 1 });
  const attempt = (way, message, closed) => {
    ways.push(way);
    queueMicrotask(() => (opens[way] ? message(welcome) : closed(1006, "")));
  };
  class WebSocket extends EventTarget {
    readyState = 1;
    constructor() {
      super();
      attempt("ws", (data) => this.dispatchEvent(Object.assign(new Event("message"), { data })), (code, reason) => this.dispatchEvent(Object.assign(new Event("close"), { code, reason })));
    }
    send() {}
    close() { this.dispatchEvent(Object.assign(new Event("close"), { code: 1000, reason: "" })); }
  }
  const fallback = (target, message, closed) => {
    attempt("other", message, closed);
    return { send() {}, close: () => queueMicrotask(() => closed(1000, "")) };
  };
  const made = new Starling("http://gateway/ws", { member: "ada", WebSocket, fallback, backoff: { firstMs: 1, mostMs: 1 } });
  clients.push(made);
  return { made, ways, opens };
}

test("it is tried in turns with WebSocket after three attempts that never opened", async () => {
  const { made, ways, opens } = client();
  made.connect();
  await until(() => ways.length >= 8, "eight attempts");
  assert.deepEqual(ways.slice(0, 8), ["ws", "ws", "ws", "other", "ws", "other", "ws", "other"]);
  opens.ws = true;
  await until(() => made.status.phase === "online", "a connection");
  assert.equal(ways.at(-1), "ws", "WebSocket is taken as soon as it opens");
});

test("what works is used for the next connection, too", async () => {
  const { made, ways, opens } = client();
  opens.other = true;
  made.connect();
  await until(() => made.status.phase === "online", "a connection");
  assert.deepEqual(ways, ["ws", "ws", "ws", "other"]);
  made.connect();
  await until(() => ways.length === 5 && !made.status.moving, "a move");
  assert.equal(ways[4], "other");
});

/** What a receiver over plain HTTP says that is answered so. */
async function received(...responses) {
  const frames = [];
  const fetch = async () => responses.shift();
  const end = await new Promise((closed) => {
    sse({ fetch })({ url: new URL("http://gateway/ws"), session: "s" }, (text) => frames.push(JSON.parse(text)), (code, reason) => closed({ code, reason }));
  });
  return { frames, end };
}

test("Retry-After is heeded, also of a proxy that knows no problems", async () => {
  const proxy = new Response("<h1>no upstream</h1>", { status: 503, headers: { "Retry-After": "7" } });
  const { frames, end } = await received(proxy);
  assert.equal(end.code, 1013);
  assert.deepEqual(frames.map(({ payload }) => [payload.code, payload.retryAfterMs]), [["unavailable", 7_000]]);
  const gateway = new Response(JSON.stringify({ code: "rate_limited", detail: "later", retryAfterMs: 1_500 }), { status: 429, headers: { "Retry-After": "2" } });
  assert.equal((await received(gateway)).frames[0].payload.retryAfterMs, 1_500, "the gateway knows it more exactly");
  const date = new Response("", { status: 503, headers: { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" } });
  assert.equal((await received(date)).frames[0].payload.retryAfterMs, undefined, "a date says nothing to a client without the right time");
});

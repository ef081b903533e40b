// A gateway that does what a test tells it to: it greets, and then says and withholds whatever is hard to provoke on a
// real one.

import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { until } from "./until.mjs";

export class FakeGateway {
  /** All connections that came, in order, the closed ones too. */
  conns = [];
  /** What the next connections are told their gateway is; the last one repeats. */
  names = ["gateway-a"];
  members = [];
  typing = [];
  heartbeatMs = 25_000;
  maxMessageBytes = 65_536;
  /** Which requests are answered without being told: take one out to answer it by hand. */
  answers = new Set(["welcome", "join", "leave", "publish", "ping", "auth"]);
  /** When set, connections get this error and this closing code instead of a welcome. */
  refusal = null;

  static async start() {
    const fake = new FakeGateway();
    fake.http = createServer();
    fake.sockets = new WebSocketServer({ noServer: true });
    fake.http.on("upgrade", (req, socket, head) => {
      fake.sockets.handleUpgrade(req, socket, head, (ws) => {
        const name = fake.names.length > 1 ? fake.names.shift() : fake.names[0];
        fake.conns.push(new FakeConn(fake, ws, req, name, fake.conns.length));
      });
    });
    fake.http.listen(0, "127.0.0.1");
    await once(fake.http, "listening");
    fake.port = fake.http.address().port;
    fake.url = `ws://127.0.0.1:${fake.port}/ws`;
    return fake;
  }

  /** Waits for the nth connection, counted from 0. */
  async conn(n) {
    await until(() => this.conns.length > n, `connection ${n}`);
    return this.conns[n];
  }

  /** Refuses TCP connections until resume, as a dead gateway does; live connections are cut. */
  async pause() {
    await this.close();
    this.resume = async () => {
      this.http.listen(this.port, "127.0.0.1");
      await once(this.http, "listening");
    };
  }

  async close() {
    for (const conn of this.conns) conn.socket.terminate();
    this.http.closeAllConnections();
    if (this.http.listening) await new Promise((done) => this.http.close(done));
  }
}

class FakeConn {
  /** Every frame that the client sent. */
  frames = [];
  closed = null;

  constructor(fake, socket, req, gateway, index) {
    const query = new URL(req.url, fake.url).searchParams;
    const offered = (req.headers["sec-websocket-protocol"] ?? "").split(/, */).filter(Boolean);
    Object.assign(this, { fake, socket, query, offered, gateway, index });
    socket.on("message", (data) => this.#receive(JSON.parse(data)));
    socket.on("close", (code) => { this.closed = { code }; });
    socket.on("error", () => {});
    if (fake.refusal) this.refuse(fake.refusal);
    else if (fake.answers.has("welcome")) this.welcome();
  }

  /** The token that was offered. */
  get token() {
    return this.offered.find((value) => value.startsWith("starling.token."))?.slice("starling.token.".length);
  }

  send(type, payload, more = {}) {
    this.socket.send(JSON.stringify({ type, payload, ts: Date.now(), ...more }));
  }

  welcome() {
    const { heartbeatMs, maxMessageBytes } = this.fake;
    const connId = `${this.gateway}-${this.index}`;
    this.send("welcome", { connId, memberId: this.query.get("member"), gateway: this.gateway, heartbeatMs, maxMessageBytes });
  }

  /** An application event, as every connection of the channel gets it. */
  event(mid, payload, { type = "message", channel = "room", from = "ben" } = {}) {
    this.send(type, payload, { channel, from, mid });
  }

  /** What a backend sends to the member on all its devices. */
  direct(mid, type, payload) {
    this.send(type, payload, { mid });
  }

  snapshot(channel, members, more = {}) {
    this.send("presence:snapshot", { channel, members, memberCount: members.length, typing: this.fake.typing, ...more });
  }

  reply(request, payload) {
    this.send("reply", payload, { id: request.id });
  }

  error(request, payload) {
    this.send("error", payload, request ? { id: request.id } : {});
  }

  joined(request, more = {}) {
    const { channel, presence } = request.payload;
    if (presence !== "none") this.snapshot(channel, [...new Set([...this.fake.members, this.query.get("member")])]);
    this.reply(request, { channel, newlyPresent: true, ...more });
  }

  /** The frames of a type that came so far. */
  all(type) {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Waits for the nth frame of a type, counted from 0. */
  async received(type, n = 0) {
    await until(() => this.all(type).length > n, `frame ${n} of type ${type} on connection ${this.index}`);
    return this.all(type)[n];
  }

  end() {
    return until(() => this.closed, `end of connection ${this.index}`);
  }

  refuse({ code, error }) {
    this.send("error", error);
    this.socket.close(code, error.message);
  }

  #receive(frame) {
    this.frames.push(frame);
    if (!this.fake.answers.has(frame.type)) return;
    if (frame.type === "join") this.joined(frame);
    if (frame.type === "leave") this.reply(frame, { channel: frame.payload.channel, nowAbsent: true });
    if (frame.type === "publish") this.reply(frame, { mid: `m-${frame.payload.key}` });
    if (frame.type === "auth") this.reply(frame, {});
    if (frame.type === "ping") this.send("pong", frame.payload);
  }
}

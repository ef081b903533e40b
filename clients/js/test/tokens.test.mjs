// Who the client is: tokens on the handshake, renewed before they expire and when a gateway refuses them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { suite } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

const it = suite();
const jwt = (claims) => ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");
const inSeconds = (s) => Date.now() / 1000 + s;

/** A getToken that numbers its tokens, and what it was asked. */
function source(lifetime = 3_600) {
  const reasons = [];
  const getToken = async ({ reason }) => {
    reasons.push(reason);
    return jwt({ exp: inSeconds(lifetime), n: reasons.length });
  };
  return { reasons, getToken };
}

const number = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).n;

test("a token goes into the handshake, where no log sees it", async () => {
  const { conn } = await it.joined({ member: undefined, token: "a.b.c" });
  assert.deepEqual(conn.offered, ["starling.v1", "starling.token.a.b.c"]);
  assert.equal(conn.query.get("member"), null);
  assert.ok(!conn.query.has("token"));
});

test("a token is used again for the next connection while it lasts", async () => {
  const { reasons, getToken } = source();
  const { channel, conn } = await it.joined({ getToken });
  conn.socket.terminate();
  await until(() => it.fake.conns.length === 2 && channel.state === "joined", "join");
  assert.deepEqual(reasons, ["connect"]);
});

test("the gateway gets the next token before the one it has expires", async () => {
  const { reasons, getToken } = source(6);
  const { client, conn } = await it.joined({ getToken });
  const auth = await conn.received("auth");
  assert.equal(number(auth.payload.token), 2);
  assert.deepEqual(reasons, ["connect", "expiring"]);
  assert.equal(it.fake.conns.length, 1);
  assert.equal(client.status.phase, "online");
});

test("a gateway that cannot take a token on a connection is left for a new one, by connecting first", async () => {
  it.fake.answers.delete("auth");
  const { getToken } = source(6);
  const { client, conn } = await it.joined({ getToken });
  const phases = new Set();
  client.on("status", ({ phase }) => phases.add(phase));
  conn.error(await conn.received("auth"), { code: "unknown_type", message: "no such request" });
  const next = await it.fake.conn(1);
  assert.equal(number(next.token), 2);
  await conn.end();
  assert.deepEqual([...phases], ["online"]);
});

test("a refused token is replaced", async () => {
  const { reasons, getToken } = source();
  const { channel, conn } = await it.joined({ getToken });
  conn.socket.close(4001, "the token expired");
  const next = await it.fake.conn(1);
  assert.equal(number(next.token), 2);
  assert.deepEqual(reasons, ["connect", "refused"]);
  await until(() => channel.state === "joined", "join");
});

test("a refused token that cannot be replaced is the end", async () => {
  it.fake.refusal = { code: 4001, error: { code: "forbidden", message: "the token is not valid" } };
  const client = it.client({ token: "a.b.c" });
  await assert.rejects(client.channel("room").join(), { name: "RefusedError", code: "forbidden", closeCode: 4001 });
  assert.equal(client.status.phase, "failed");
});

test("a source that fails is asked again, and the program told why", async () => {
  let asked = 0;
  const getToken = () => {
    asked += 1;
    if (asked < 3) throw new Error("logged out");
    return jwt({ exp: inSeconds(3_600) });
  };
  const client = it.client({ getToken });
  const errors = [];
  client.on("error", (err) => errors.push(err));
  await client.channel("room").join();
  assert.equal(asked, 3);
  assert.deepEqual(errors.map(({ name, message }) => [name, message]), Array(2).fill(["TokenError", "getToken failed: logged out"]));
  assert.equal(errors[0].cause.message, "logged out");
});

test("what cannot be a token is an error, and its text stays inside", async () => {
  // As Chromium does.
  const WebSocket = class { constructor(_, protocols) { throw new SyntaxError(`The subprotocol '${protocols[1]}' is invalid.`); } };
  const client = it.client({ token: "not a token", WebSocket });
  await assert.rejects(client.channel("room").join(), (err) => {
    assert.equal(err.name, "TokenError");
    assert.match(err.message, /cannot connect: The subprotocol '.*' is invalid/);
    assert.doesNotMatch(inspect(err), /not a token/);
    return true;
  });
  assert.equal(client.status.phase, "failed");
});

test("a token may end with a line end, as many a backend's answer does", async () => {
  const client = it.client({ getToken: () => "a.b.c\n" });
  await client.channel("room").join();
  assert.equal(it.fake.conns[0].token, "a.b.c");
});

test("closing while a token is waited for connects nowhere", async () => {
  let give;
  const client = it.client({ getToken: () => new Promise((resolve) => { give = resolve; }) });
  const refused = assert.rejects(client.channel("room").join(), { name: "ClosedError" });
  await until(() => give, "question");
  await client.close();
  give("a.b.c");
  await refused;
  assert.equal(it.fake.conns.length, 0);
});

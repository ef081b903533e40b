// The small parts on their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../build/backoff.js";
import { Emitter } from "../build/emitter.js";
import { Seen } from "../build/seen.js";
import { Tokens } from "../build/token.js";

test("waits are random below a ceiling that doubles up to 30 s, on top of what the server asks", () => {
  const longest = new Backoff(() => 1);
  assert.deepEqual(Array.from({ length: 7 }, () => longest._next()), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  assert.equal(longest._attempt, 7);
  longest._reset();
  assert.equal(longest._next(500), 1_500);
  assert.equal(new Backoff(() => 0)._next(700), 700);
});

test("message ids are remembered up to a bound", () => {
  const seen = new Seen(2);
  assert.deepEqual(["a", "a", "b", "c", "b", "a"].map((mid) => seen._add(mid)), [true, false, true, true, false, true]);
});

test("a listener can end itself and others while it is called, and one that throws hinders none", (t) => {
  const emitter = new Emitter();
  const said = [];
  const tasks = [];
  const { queueMicrotask } = globalThis;
  globalThis.queueMicrotask = (task) => tasks.push(task);
  t.after(() => { globalThis.queueMicrotask = queueMicrotask; });
  const end = emitter.on("x", () => {
    said.push("first");
    end();
    throw new Error("on purpose");
  });
  emitter.on("x", () => said.push("second"));
  emitter._emit("x");
  emitter._emit("x");
  assert.equal(tasks.length, 1);
  assert.throws(tasks[0], /on purpose/, "it is reported as one that nobody caught");
  assert.deepEqual(said, ["first", "second", "second"]);
});

const jwt = (claims) => ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");

test("a token is used until it ends soon or is refused", async () => {
  const reasons = [];
  const seconds = Date.now() / 1000;
  const lifetimes = [3, 600, 600, 600];
  const tokens = new Tokens({
    getToken: ({ reason }) => {
      reasons.push(reason);
      return jwt({ exp: seconds + lifetimes.shift(), n: reasons.length });
    },
  });
  const first = await tokens._current();
  const second = await tokens._current();
  assert.notEqual(second, first);
  assert.equal(await tokens._current(), second);
  tokens._refused();
  assert.notEqual(await tokens._current(), second);
  await tokens._renew("expiring");
  assert.deepEqual(reasons, ["connect", "connect", "refused", "expiring"]);
});

test("the next token is due a minute before the end, or after four fifths of a short life, by the gateway's clock", async () => {
  const due = async (exp, now) => {
    const tokens = new Tokens({ getToken: () => jwt({ exp }) });
    await tokens._renew("connect");
    return tokens._dueIn(now);
  };
  assert.equal(await due(10_000, 0), 9_940_000);
  assert.equal(await due(100, 0), 80_000);
  assert.equal(await due(100, 200_000), 0);
  assert.equal(await due(undefined, 0), undefined);
});

test("a token that is none is an error with its cause", async () => {
  for (const getToken of [() => "", () => null, () => { throw new Error("logged out"); }, () => Promise.reject(new Error("logged out"))]) {
    await assert.rejects(new Tokens({ getToken })._current(), { name: "TokenError", code: "token", message: /getToken failed: / });
  }
});

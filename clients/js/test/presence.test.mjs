// The set of members over breaks and moves, frame by frame.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Presence } from "../build/presence.js";
import { View } from "../build/view.js";

let presence;
let log;

beforeEach(() => {
  presence = new Presence();
  log = [];
  presence.on("join", (member) => log.push(`+${member}`));
  presence.on("leave", (member) => log.push(`-${member}`));
});

class Conn {
  view = new View();

  take(type, payload) {
    presence._changed(this.view, this.view._apply(type, payload));
    return this;
  }

  snapshot(members, more = {}) {
    return this.take("presence:snapshot", { members: [...members], memberCount: members.length, typing: [], ...more });
  }

  join(memberId) { return this.take("presence:join", { memberId }); }

  leave(memberId) { return this.take("presence:leave", { memberId }); }

  show() {
    presence._show(this.view);
    return this;
  }

  drop() { presence._drop(this.view); }
}

const members = () => [...presence].sort().join("");

test("the first snapshot makes the set without joins, and changes follow it", () => {
  let changes = 0;
  presence.on("change", () => { changes += 1; });
  const conn = new Conn().snapshot("ab").show();
  assert.deepEqual([members(), log.join(""), changes], ["ab", "", 1]);
  conn.join("c").join("c").leave("a").leave("nobody");
  assert.deepEqual([members(), log.join(""), presence.size, changes], ["bc", "+c-a", 2, 3]);
  assert.ok(presence.has("b") && !presence.has("a"));
});

test("a new array of members comes with each change, and only then", () => {
  const conn = new Conn().snapshot("a").show();
  const before = presence.members;
  conn.leave("nobody");
  assert.equal(presence.members, before);
  conn.join("b");
  assert.notEqual(presence.members, before);
  assert.deepEqual(before, ["a"], "an old one does not change");
});

test("after a break the difference is exact", () => {
  const first = new Conn().snapshot("abc").show();
  first.drop();
  assert.equal(members(), "abc", "it stays as it was while away");
  new Conn().snapshot("bcd").show();
  assert.deepEqual([members(), log.sort().join("")], ["bcd", "+d-a"]);
});

test("a break in which nothing happened says nothing", () => {
  let changes = 0;
  new Conn().snapshot("abc").show().drop();
  presence.on("change", () => { changes += 1; });
  new Conn().snapshot("cab").show();
  assert.equal(changes, 0);
});

test("what one gateway of a move knows later makes nobody flicker", () => {
  const old = new Conn().snapshot("ab").show();
  old.join("c");
  const next = new Conn().snapshot("ab").show();
  assert.deepEqual(log, ["+c"], "the new gateway has not heard of c: that is not a leave");
  next.join("c");
  old.drop();
  assert.deepEqual([members(), log.join("")], ["abc", "+c"]);
});

test("what the new gateway knows earlier is told once", () => {
  const old = new Conn().snapshot("abx").show();
  const next = new Conn().snapshot("abc").show();
  assert.deepEqual(log, []);
  old.join("c").leave("x");
  assert.equal(log.join(""), "+c-x");
  old.drop();
  next.join("d");
  assert.equal(log.join(""), "+c-x+d");
});

test("the end of a move settles what was left open, as the new gateway has it", () => {
  const old = new Conn().snapshot("ab").show();
  const next = new Conn().snapshot("ac").show();
  old.leave("a");
  assert.deepEqual([members(), log.join("")], ["ab", ""]);
  old.drop();
  assert.deepEqual([members(), log.sort().join("")], ["ac", "+c-b"]);
  next.leave("c");
  assert.equal(members(), "a");
});

test("a list that was cut is replaced without false joins and leaves", () => {
  const conn = new Conn().snapshot("ab", { memberCount: 5_000, truncated: true }).show();
  assert.deepEqual([presence.size, presence.truncated], [5_000, true]);
  conn.join("c").leave("unlisted").leave("a");
  assert.deepEqual([members(), presence.size, log.join("")], ["bc", 4_999, "+c-unlisted-a"].map((v, i) => (i === 1 ? 4_999 : v)));
  conn.drop();
  new Conn().snapshot("xy", { memberCount: 4_000, truncated: true }).show();
  new Conn().snapshot("xyz").show();
  assert.deepEqual([members(), presence.truncated, log.length], ["xyz", false, 3]);
});

test("counting changes the size alone", () => {
  const sizes = [];
  presence.on("change", () => sizes.push(presence.size));
  const conn = new Conn().snapshot("", { memberCount: 4_711, truncated: true }).show();
  conn.take("presence:count", { memberCount: 4_712 }).take("presence:count", { memberCount: 4_712 });
  assert.deepEqual([sizes, members(), presence.truncated], [[4_711, 4_712], "", true]);
});

test("leaving empties it, and the next join begins anew", () => {
  new Conn().snapshot("ab").show();
  presence._clear();
  assert.deepEqual([members(), presence.size], ["", 0]);
  new Conn().snapshot("abc").show();
  assert.deepEqual([members(), log.join("")], ["abc", ""]);
});

test("random moves end with the truth, and tell each member's comings and goings in turn", () => {
  let seed = 1;
  const random = (n) => (seed = (seed * 48_271) % 2_147_483_647) % n;
  for (let run = 0; run < 300; run += 1) {
    presence = new Presence();
    const shown = new Set();
    let began = false;
    presence.on("join", (m) => { assert.ok(!shown.has(m)); shown.add(m); });
    presence.on("leave", (m) => { assert.ok(shown.has(m)); shown.delete(m); });
    // Two gateways learn of the same changes, each in order and in its own time.
    const truth = new Set("ab");
    const changes = [];
    const known = [0, 0];
    const state = (upTo) => changes.slice(0, upTo).reduce((set, [m, is]) => { set[is ? "add" : "delete"](m); return set; }, new Set("ab"));
    let conns = [];
    const open = () => {
      const at = random(2);
      known[at] = Math.max(known[at], conns.length > 0 ? known[at] : 0);
      const conn = new Conn();
      Object.assign(conn, { at, upTo: known[at] });
      conn.snapshot([...state(conn.upTo)].join("")).show();
      if (!began) for (const m of presence) shown.add(m);
      began = true;
      conns.push(conn);
    };
    const advance = (conn) => {
      if (conn.upTo >= changes.length) return;
      const [m, is] = changes[conn.upTo];
      conn.upTo += 1;
      known[conn.at] = Math.max(known[conn.at], conn.upTo);
      conn[is ? "join" : "leave"](m);
    };
    open();
    for (let step = 0; step < 40; step += 1) {
      const what = random(6);
      if (what <= 1) {
        const m = "abcd"[random(4)];
        changes.push([m, !truth.delete(m)]);
        if (changes.at(-1)[1]) truth.add(m);
      } else if (what === 2 && conns.length < 2) {
        open();
      } else if (what === 3 && conns.length > 1) {
        conns.shift().drop();
      } else if (conns.length > 0) {
        advance(conns[random(conns.length)]);
      }
    }
    while (conns.length > 1) conns.shift().drop();
    for (let i = 0; i < changes.length; i += 1) conns.forEach(advance);
    assert.deepEqual([...presence].sort(), [...truth].sort());
    assert.deepEqual([...shown].sort(), [...truth].sort());
  }
});

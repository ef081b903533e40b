// The hooks in React, under StrictMode, on a gateway that does what the test says.

import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { Window } from "happy-dom";

const window = new Window();
globalThis.window = window;
globalThis.document = window.document;
Object.defineProperty(globalThis, "navigator", { value: window.navigator, configurable: true });
globalThis.addEventListener = window.addEventListener.bind(window);

const { act, createElement: h, StrictMode, useState } = await import("react");
const { createRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const { StarlingProvider, useChannel, useDirect, usePresence, useStatus, useTyping } = await import("@starling/client/react");
const { suite } = await import("./lib/suite.mjs");
const { until } = await import("./lib/until.mjs");

const it = suite();
const roots = [];
after(() => window.close());
afterEach(() => acting(() => roots.splice(0).forEach((root) => root.unmount())));

/** Renders what fn changes. Most changes come from the gateway, outside of it, and React is not to complain of them. */
async function acting(fn) {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  await act(async () => fn());
  globalThis.IS_REACT_ACT_ENVIRONMENT = false;
}

/** Renders below a provider, in StrictMode, and returns how to see and to change it. */
async function render(client, element) {
  const place = document.createElement("div");
  const root = createRoot(place);
  roots.push(root);
  const show = (shown) => acting(() => root.render(h(StrictMode, null, h(StarlingProvider, { client }, shown))));
  await show(element);
  const text = (want) => until(() => place.textContent === want, `the text ${want}`).catch((err) => assert.fail(`${err.message}, not ${place.textContent}`));
  return { show, text, unmount: () => acting(() => root.unmount()) };
}

function Room({ name }) {
  const [last, setLast] = useState("nothing");
  const { state } = useChannel(name, { on: { message: (payload) => setLast(`${name} ${payload}`) } });
  return `${state} ${last}`;
}

function Notices() {
  const [all, setAll] = useState([]);
  useDirect({ notice: (payload) => setAll([...all, payload]) });
  return `notices ${all.join()}`;
}

function People({ name }) {
  const { members, size } = usePresence(name);
  return `${size}: ${[...members].sort().join()}`;
}

const all = (conn, type) => conn.all(type).map(({ payload }) => payload.channel);

test("a channel is joined once under StrictMode, tells its events, and is left with the component", async () => {
  const client = it.client();
  const { text, unmount } = await render(client, h(Room, { name: "room" }));
  await text("joined nothing");
  const conn = await it.fake.conn(0);
  conn.event("m-1", "hello");
  await text("joined room hello");
  assert.deepEqual([all(conn, "join"), all(conn, "leave")], [["room"], []]);
  await unmount();
  await conn.received("leave");
});

test("another name leaves one channel and joins the other, and null is in none", async () => {
  const { show, text } = await render(it.client(), h(Room, { name: "a" }));
  await text("joined nothing");
  const conn = await it.fake.conn(0);
  await show(h(Room, { name: "b" }));
  await conn.received("leave");
  await text("joined nothing");
  conn.event("m-1", 1, { channel: "a" });
  conn.event("m-2", 2, { channel: "b" });
  await text("joined b 2");
  assert.deepEqual([all(conn, "join"), all(conn, "leave")], [["a", "b"], ["a"]]);
  await show(h(Room, { name: null }));
  await conn.received("leave", 1);
  await text("left b 2");
});

test("several components share a channel, which hears as much as the one that wants most", async () => {
  const Counted = () => useChannel("room", { presence: "count" }).state;
  const client = it.client();
  it.fake.members = ["ben"];
  const { show, text } = await render(client, h("p", null, h(Counted, { key: 1 })));
  await text("joined");
  await show(h("p", null, h(Counted, { key: 1 }), h(People, { key: 2, name: "room" })));
  await text("joined2: ada,ben");
  const conn = await it.fake.conn(0);
  await show(h("p", null, h(Counted, { key: 1 })));
  await conn.received("join", 2);
  assert.deepEqual(conn.all("join").map(({ payload }) => payload.presence), ["count", "full", "count"]);
  assert.deepEqual(all(conn, "leave"), []);
});

test("people come and go, and a break in which nothing happened renders nothing", async () => {
  it.fake.members = ["ben"];
  let renderings = 0;
  const Counting = () => {
    renderings += 1;
    return h(People, { name: "room" });
  };
  const client = it.client();
  const { text } = await render(client, h(Counting));
  await text("2: ada,ben");
  const conn = await it.fake.conn(0);
  conn.send("presence:join", { channel: "room", memberId: "cleo" });
  await text("3: ada,ben,cleo");
  it.fake.members = ["ben", "cleo"];
  const before = [renderings, client.channel("room").presence.members];
  conn.socket.terminate();
  await it.fake.conn(1);
  await until(() => client.channel("room").state === "joined", "join");
  assert.deepEqual([renderings, client.channel("room").presence.members], before);
});

test("who types is shown, and a component that goes does not type any more", async () => {
  let typing;
  const Typists = () => {
    typing = useTyping("room");
    return typing.members.join();
  };
  const { show, text } = await render(it.client(), h(Typists));
  const conn = await it.fake.conn(0);
  await until(() => conn.all("join").length === 1, "join");
  conn.send("typing", { channel: "room", memberId: "ben", typing: true });
  await text("ben");
  typing.start();
  assert.equal((await conn.received("typing")).payload.typing, true);
  await show(null);
  assert.equal((await conn.received("typing", 1)).payload.typing, false);
});

test("a refused channel says why, and the handler of the last rendering is the one that is called", async () => {
  it.fake.answers.delete("join");
  const Secret = ({ word }) => {
    const [said, setSaid] = useState("");
    const { state, error } = useChannel("secret", { on: { message: () => setSaid(word) } });
    return `${state} ${error?.code} ${said}`;
  };
  const { show, text } = await render(it.client(), h(Secret, { word: "old" }));
  const conn = await it.fake.conn(0);
  await conn.received("join");
  await show(h(Secret, { word: "new" }));
  conn.event("m-1", 1, { channel: "secret" });
  await text("joining undefined new");
  conn.error(conn.all("join")[0], { code: "forbidden", message: "no", channel: "secret" });
  await text("refused forbidden new");
});

test("a channel that the program joined itself is not left by components", async () => {
  const { client, conn } = await it.joined();
  const { text, unmount } = await render(client, h(People, { name: "room" }));
  await text("1: ada");
  await unmount();
  await new Promise((resume) => setTimeout(resume, 200));
  assert.deepEqual([client.channel("room").state, all(conn, "leave")], ["joined", []]);
});

test("the connection's state is there, on a server, too", async () => {
  const Phase = () => useStatus().phase;
  const { text } = await render(it.client(), h("p", null, h(Phase), h(People, { name: "room" })));
  await text("online1: ada");
  const html = renderToString(h(StarlingProvider, { client: it.client() }, h(Phase), h(Room, { name: "room" }), h(People, { name: "room" })));
  assert.match(html, /idle.*left nothing.*0: /);
  assert.throws(() => renderToString(h(Phase)), /no StarlingProvider/);
});

test("what is sent to the member is told to the newest handler, and to none after the component", async () => {
  const { client, conn } = await it.joined();
  const { text, unmount } = await render(client, h(Notices));
  conn.direct("m-1", "notice", 1);
  await text("notices 1");
  conn.direct("m-2", "notice", 2);
  await text("notices 1,2");
  await unmount();
  let later = false;
  client.direct.on("notice", () => { later = true; });
  conn.direct("m-3", "notice", 3);
  await until(() => later, "the third");
  await text("");
});

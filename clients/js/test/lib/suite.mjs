// A fake gateway for each test, and clients that are closed after it.

import { afterEach, beforeEach } from "node:test";
import { Starling } from "@starling/client";
import { WebSocket } from "ws";
import { FakeGateway } from "./fake.mjs";

/** Call it once in a test file. The returned object's fields are set anew for each test. */
export function suite() {
  const it = { fake: null, clients: [] };
  beforeEach(async () => { it.fake = await FakeGateway.start(); });
  afterEach(async () => {
    await Promise.all(it.clients.splice(0).map((client) => client.close()));
    await it.fake.close();
  });

  /** A client of the fake gateway with short waits. */
  it.client = (options = {}) => {
    const client = new Starling(it.fake.url, { member: "ada", WebSocket, backoff: { firstMs: 20, mostMs: 100 }, ...options });
    it.clients.push(client);
    return client;
  };

  /** A client that has joined a channel, and the gateway's side of its connection. */
  it.joined = async (options, name = "room") => {
    const client = it.client(options);
    const n = it.fake.conns.length;
    const channel = client.channel(name);
    await channel.join();
    return { client, channel, conn: it.fake.conns[n] };
  };
  return it;
}

/** Records what a channel says, one line each. */
export function record(channel) {
  const lines = [];
  channel.on("*", (payload, { type }) => lines.push(`${type} ${JSON.stringify(payload)}`));
  channel.on("gap", (gap) => lines.push(`gap ${gap.reason}`));
  channel.on("error", (err) => lines.push(`error ${err.code}`));
  channel.presence.on("join", (member) => lines.push(`+${member}`));
  channel.presence.on("leave", (member) => lines.push(`-${member}`));
  return lines;
}

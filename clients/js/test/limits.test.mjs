// A real gateway's rates: the client waits as it is told, and everything arrives.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Starling } from "@starling/client";
import { WebSocket } from "ws";
import { Gateways } from "./lib/gateways.mjs";
import { record } from "./lib/suite.mjs";
import { until } from "./lib/until.mjs";

let gateways;

before(async () => {
  // Fewer hasty requests than the publishes that wait below would make if all were sent again after each refusal.
  gateways = await Gateways.start(1, ["--messages-per-second-per-connection=40", "--message-burst-per-connection=5", "--max-hasty-requests=100"]);
});
after(() => gateways?.stop());

test("publishes over the rate wait their turn, on the same connection", async () => {
  const [ada, ben] = ["ada", "ben"].map((member) => new Starling(gateways.url, { member, WebSocket }));
  const lines = record(ben.channel("room"));
  await Promise.all([ada, ben].map((client) => client.channel("room").join()));
  const { connId } = ada.status;
  await Promise.all(Array.from({ length: 80 }, (_, n) => ada.channel("room").publish("n", n)));
  const numbers = () => lines.filter((line) => line.startsWith("n ")).map((line) => Number(line.slice(2)));
  await until(() => numbers().length === 80, "all");
  assert.deepEqual(numbers().sort((a, b) => a - b), Array.from({ length: 80 }, (_, n) => n), "once each");
  assert.equal(ada.status.connId, connId);
  const metrics = await (await fetch(`http://127.0.0.1:${gateways.list[0].admin}/metrics`)).text();
  assert.match(metrics, /starling_limit_hits_total\{limit="messages-per-second-per-connection"\} \d+/);
  await Promise.all([ada.close(), ben.close()]);
});

// A real gateway that takes tokens: the client stays beyond the end of its first one.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Starling } from "@starling/client";
import { WebSocket } from "ws";
import { Gateways } from "./lib/gateways.mjs";
import { until } from "./lib/until.mjs";

const secret = randomBytes(32).toString("hex");
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function sign(sub, seconds) {
  const text = `${encode({ alg: "HS256" })}.${encode({ sub, exp: Math.floor(Date.now() / 1_000) + seconds })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

let gateways;
before(async () => {
  gateways = await Gateways.start(1, ["--jwt-leeway=0s"], (dir) => {
    const path = join(dir, "jwt.key");
    writeFileSync(path, secret);
    return [`--jwt-key-file=${path}`];
  });
});
after(() => gateways?.stop());

test("the token is renewed on the connection before it ends", async () => {
  const reasons = [];
  const client = new Starling(gateways.url, {
    WebSocket,
    getToken: async ({ reason }) => {
      reasons.push(reason);
      return sign("ada", 4);
    },
  });
  const channel = client.channel("room");
  await channel.join();
  const { connId, memberId } = client.status;
  assert.equal(memberId, "ada");
  await until(() => reasons.length >= 4, "three renewals, longer than one token lasts");
  await channel.publish("n", 1);
  assert.equal(client.status.connId, connId, "the same connection");
  assert.deepEqual(new Set(reasons), new Set(["connect", "expiring"]));
  const metrics = await (await fetch(`http://127.0.0.1:${gateways.list[0].admin}/metrics`)).text();
  assert.match(metrics, /starling_credentials_renewed_total [1-9]/);
  assert.match(metrics, /starling_connections_expired_total 0/);
  await client.close();
});

// Three real gateways on this machine, and a balancer before them, as a Kubernetes Service would be.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.mjs";

const HOST = "127.0.0.1";

export class Gateways {
  #dir = mkdtempSync(join(tmpdir(), "starling-js-"));
  #sockets = new Set();
  #turn = 0;
  list = [];

  /** Starts them with these flags more, and those that auth makes for a directory; waits until they see each other. */
  static async start(count = 3, flags = [], auth = () => ["--anonymous"]) {
    const all = new Gateways();
    all.flags = [...auth(all.#dir), ...flags];
    writeFileSync(join(all.#dir, "mesh.key"), `${randomBytes(32).toString("base64")}\n`);
    const ports = await freePorts(3 * count);
    all.list = Array.from({ length: count }, (_, i) => ({ name: `gateway-${i + 1}`, client: ports[3 * i], admin: ports[3 * i + 1], mesh: ports[3 * i + 2] }));
    process.on("exit", () => all.list.forEach((gateway) => gateway.process?.kill("SIGKILL")));
    await all.#balance();
    try {
      for (const gateway of all.list) all.run(gateway);
      for (const gateway of all.list) await all.ready(gateway);
    } catch (err) {
      await all.stop();
      throw err;
    }
    return all;
  }

  run(gateway) {
    const args = ["gateway", "--node-name", gateway.name, "--listen", `${HOST}:${gateway.client}`,
      "--admin-listen", `${HOST}:${gateway.admin}`, "--mesh-listen", `${HOST}:${gateway.mesh}`, "--mesh-key-file", join(this.#dir, "mesh.key"),
      "--join", this.list.map(({ mesh }) => `${HOST}:${mesh}`).join(), "--log-level", "warn", ...this.flags];
    gateway.output = "";
    gateway.process = spawn(process.env.STARLING, args, { stdio: ["ignore", "pipe", "pipe"] });
    gateway.gone = once(gateway.process, "exit").then(() => { gateway.process = undefined; });
    for (const stream of [gateway.process.stdout, gateway.process.stderr]) stream.on("data", (data) => { gateway.output += data; });
  }

  /** Waits until it takes clients and sees the others that run. */
  async ready(gateway) {
    const others = this.list.filter((other) => other.process).length - 1;
    await until(async () => {
      if (!gateway.process) throw new Error(`${gateway.name} ended:\n${gateway.output}`);
      try {
        const ready = (await fetch(`http://${HOST}:${gateway.admin}/readyz`)).ok;
        const status = await (await fetch(`http://${HOST}:${gateway.admin}/status`)).json();
        return ready && status.peers.length >= others;
      } catch {
        return false;
      }
    }, `${gateway.name} to be ready`);
  }

  named(name) {
    return this.list.find((gateway) => gateway.name === name);
  }

  /** Ends a gateway with a signal: SIGTERM drains it, SIGKILL does not. */
  async end(gateway, signal) {
    gateway.process.kill(signal);
    await gateway.gone;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.balancer.close();
    for (const gateway of this.list) if (gateway.process) await this.end(gateway, "SIGKILL");
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Passes each connection to the next gateway that answers. */
  async #balance() {
    this.balancer = createServer((socket) => {
      this.#track(socket);
      this.#pass(socket, this.list.length);
    });
    this.balancer.listen(0, HOST);
    await once(this.balancer, "listening");
    this.url = `ws://${HOST}:${this.balancer.address().port}/ws`;
  }

  #pass(socket, attempts) {
    if (attempts === 0) {
      socket.destroy();
      return;
    }
    const upstream = connect(this.list[this.#turn++ % this.list.length].client, HOST);
    this.#track(upstream);
    let connected = false;
    upstream.on("connect", () => {
      connected = true;
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("close", () => (connected ? socket.destroy() : this.#pass(socket, attempts - 1)));
    socket.on("close", () => upstream.destroy());
  }

  #track(socket) {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, async () => {
    const server = createServer().listen(0, HOST);
    await once(server, "listening");
    return server;
  }));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

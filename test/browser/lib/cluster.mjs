// A real cluster on this machine: `starling up` with the sample manifest.

import { spawn } from 'node:child_process';
import { until } from './browser.mjs';

const ROOT = new URL('../../../', import.meta.url).pathname;
const MANIFEST = 'config/samples/realtimecluster.yaml';
const STOP_MS = 30_000;

export class Cluster {
  output = '';
  exited = null;

  /** Starts a cluster and waits until it prints the address to open. */
  static async start() {
    const cluster = new Cluster();
    const args = ['up', '-f', MANIFEST, '--listen', '127.0.0.1:0'];
    cluster.process = spawn(process.env.STARLING, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [cluster.process.stdout, cluster.process.stderr]) {
      stream.on('data', (data) => { cluster.output += data; });
    }
    cluster.process.on('exit', (code, signal) => { cluster.exited = { code, signal }; });
    // Whatever ends this process, the cluster must not outlive it.
    process.on('exit', () => cluster.process.kill('SIGKILL'));
    try {
      cluster.origin = await until(() => cluster.#address(), Boolean, 'address on the output of starling up');
      await until(() => cluster.#serves(), Boolean, 'answer of the demo page');
    } catch (err) {
      await cluster.stop();
      throw new Error(`${err.message}; starling up said:\n${cluster.output}`);
    }
    return cluster;
  }

  /** Ends the cluster as Ctrl-C does, and returns how it exited. */
  async stop() {
    this.process.kill('SIGINT');
    const force = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    await until(() => this.exited, Boolean, 'end of starling up');
    clearTimeout(force);
    return this.exited;
  }

  /** The process id of a gateway, as the cluster told it when it started the process. */
  pidOf(gateway) {
    const pid = [...this.output.matchAll(/(\S+) started, pid (\d+)/g)].findLast((match) => match[1] === gateway)?.[2];
    if (!pid) throw new Error(`no process id of ${gateway}; starling up said:\n${this.output}`);
    return Number(pid);
  }

  #address() {
    if (this.exited) throw new Error(`starling up ended with ${JSON.stringify(this.exited)}`);
    return this.output.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
  }

  async #serves() {
    try {
      return (await fetch(this.origin)).ok;
    } catch {
      return false;
    }
  }
}

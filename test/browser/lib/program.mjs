// A program of examples/, which serves a page until it is interrupted.

import { spawn } from 'node:child_process';
import { until } from './browser.mjs';

const STOP_MS = 30_000;

export class Program {
  output = '';
  exited = null;

  /** Starts the example of this name, which run.sh has built, and waits until it prints the address of its page. */
  static async start(name) {
    const program = new Program();
    program.process = spawn(new URL(`../out/${name}`, import.meta.url).pathname, ['-listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [program.process.stdout, program.process.stderr]) stream.on('data', (data) => { program.output += data; });
    program.process.on('exit', (code, signal) => { program.exited = { code, signal }; });
    process.on('exit', () => program.process.kill('SIGKILL'));
    program.origin = await until(() => program.#address(), Boolean, `address on the output of ${name}`);
    return program;
  }

  /** Ends it as Ctrl-C does, and returns how it exited. */
  async stop() {
    this.process.kill('SIGINT');
    const force = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    await until(() => this.exited, Boolean, 'end of the example');
    clearTimeout(force);
    return this.exited;
  }

  #address() {
    if (this.exited) throw new Error(`it ended with ${JSON.stringify(this.exited)}:\n${this.output}`);
    return this.output.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
  }
}

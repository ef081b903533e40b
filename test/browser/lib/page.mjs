// A page of the documentation, whose commands are run as they stand.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './browser.mjs';

const ROOT = new URL('../../../', import.meta.url).pathname;

/** An address of this machine that no other test uses, where the page says 127.0.0.1: its ports may be taken there. */
const HOST = process.platform === 'linux' ? `127.${1 + Math.floor(Math.random() * 250)}.${process.pid >> 8 & 255}.${process.pid & 255 || 1}` : '127.0.0.1';

// The program is built already; that make knows the way is shown without waiting for it. A cluster listens where nobody else does.
const PRELUDE = `make() {
  command make -n "$@" >/dev/null && mkdir -p bin && cat > bin/starling <<END && chmod +x bin/starling
#!/bin/sh
if [ "\\$1" = up ]; then set -- "\\$@" --listen ${HOST}:8080; fi
exec "$STARLING" "\\$@"
END
}
`;

/** A shell in what looks like a clone of the repository, which runs the page's blocks one after another. */
export class Page {
  output = '';
  #blocks;
  #turn = 0;

  constructor(name) {
    const text = readFileSync(join(ROOT, 'docs', name), 'utf8');
    this.#blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
    this.host = HOST;
    this.dir = mkdtempSync(join(tmpdir(), 'starling-page-'));
    for (const entry of readdirSync(ROOT)) {
      if (entry !== 'bin' && entry !== '.git') symlinkSync(join(ROOT, entry), join(this.dir, entry));
    }
    // Its own process group, so that nothing outlives the test.
    this.#shell = spawn('bash', ['--norc', '-s'], { cwd: this.dir, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) stream.on('data', (data) => { this.output += data; });
    this.#ended = once(this.#shell, 'exit').then(() => { this.#over = true; });
    process.on('exit', () => this.#kill());
    this.#shell.stdin.write(PRELUDE);
  }

  #shell;
  #ended;
  #over = false;

  /** How many blocks have not been run. */
  get left() {
    return this.#blocks.length - this.#turn;
  }

  /** Runs the next block, and fails when one of its commands does. Returns what it and what it left running has printed since. */
  async run() {
    const block = this.#blocks[this.#turn++].replaceAll('127.0.0.1', HOST);
    const from = this.output.length;
    const done = `block ${this.#turn} of ${process.pid} ended with`;
    this.#shell.stdin.write(`set -E; trap 'failed=1' ERR; failed=0\n${block}\ntrap - ERR; echo "${done} $failed"\n`);
    await until(() => this.#over || this.output.includes(done), Boolean, `end of block ${this.#turn}`);
    const said = () => this.output.slice(from).replace(new RegExp(`${done} \\d\\n`), '');
    if (!this.output.includes(`${done} 0`)) throw new Error(`block ${this.#turn} failed:\n${block}\n${said()}`);
    return said;
  }

  /** Waits until the address answers: people read on in the meantime. */
  async answers(url) {
    await until(async () => (await fetch(url.replace('127.0.0.1', HOST)).catch(() => ({}))).ok, Boolean, `${url}; the page's commands said:\n${this.output}`);
  }

  /** Ends what is left, and returns the names of what the page has made and not removed. */
  async end() {
    this.#shell.stdin.end('wait\n');
    const late = setTimeout(() => this.#kill(), 30_000);
    await this.#ended;
    clearTimeout(late);
    const left = readdirSync(this.dir, { withFileTypes: true }).filter((entry) => !entry.isSymbolicLink() && entry.name !== 'bin').map(({ name }) => name);
    rmSync(this.dir, { recursive: true, force: true });
    return left;
  }

  #kill() {
    try {
      process.kill(-this.#shell.pid, 'SIGKILL');
    } catch {
      // Nothing is left.
    }
  }
}

// The package as npm makes it, in a project that has nothing else: ESM, CommonJS, and TypeScript in both.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const ROOT = new URL("../", import.meta.url).pathname;
const MODULES = join(ROOT, "node_modules");
let project;
let files;

const run = (command, args, cwd = project) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

before(() => {
  project = mkdtempSync(join(tmpdir(), "starling-pack-"));
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", project], ROOT));
  files = packed.files.map(({ path }) => path);
  writeFileSync(join(project, "package.json"), "{}");
  // It needs no other package, so no registry is asked.
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", join(project, packed.filename)]);
});
after(() => rmSync(project, { recursive: true, force: true }));

test("it holds what is needed and no more", () => {
  for (const path of ["LICENSE", "README.md", "package.json", "dist/esm/index.js", "dist/cjs/react.js", "dist/cjs/react.d.ts", "dist/starling.min.js"]) {
    assert.ok(files.includes(path), `${path} is missing of ${files}`);
  }
  assert.deepEqual(files.filter((path) => !/^(dist\/|LICENSE$|README\.md$|package\.json$)/.test(path)), []);
});

test("it needs no other package", () => {
  assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"))).dependencies ?? {}), []);
});

const USE = `
  const client = new Starling("wss://example.com/ws", { member: "ada", WebSocket: class {} });
  console.log(client.status.phase, client.channel("room").state, new RefusedError({ code: "forbidden" }) instanceof StarlingError);
`;

for (const [name, file, load] of [
  ["ESM", "use.mjs", (entry) => `import { RefusedError, Starling, StarlingError } from "${entry}";`],
  ["CommonJS", "use.cjs", (entry) => `const { RefusedError, Starling, StarlingError } = require("${entry}");`],
]) {
  test(`${name} uses it`, () => {
    for (const entry of ["@starling/client", "@starling/client/min"].slice(0, name === "ESM" ? 2 : 1)) {
      writeFileSync(join(project, file), load(entry) + USE);
      assert.equal(run(process.execPath, [file]), "idle left true\n");
    }
  });
}

test("React, which is optional, is only needed by its entry", () => {
  const use = 'import("@starling/client/react").then(({ useChannel }) => console.log(typeof useChannel), ({ code }) => console.log(code));';
  writeFileSync(join(project, "react.mjs"), use);
  assert.equal(run(process.execPath, ["react.mjs"]), "ERR_MODULE_NOT_FOUND\n");
  symlinkSync(join(MODULES, "react"), join(project, "node_modules/react"));
  assert.equal(run(process.execPath, ["react.mjs"]), "function\n");
  writeFileSync(join(project, "react.cjs"), 'console.log(typeof require("@starling/client/react").usePresence);');
  assert.equal(run(process.execPath, ["react.cjs"]), "function\n");
});

for (const [name, ext, options] of [
  ["ESM", "mts", { module: "NodeNext", moduleResolution: "NodeNext" }],
  ["CommonJS", "cts", { module: "NodeNext", moduleResolution: "NodeNext" }],
  ["a bundler", "ts", { module: "ESNext", moduleResolution: "Bundler" }],
]) {
  test(`TypeScript knows its types for ${name}`, () => {
    for (const types of ["@types", "csstype"]) {
      rmSync(join(project, "node_modules", types), { recursive: true, force: true });
      symlinkSync(join(MODULES, types), join(project, "node_modules", types));
    }
    cpSync(join(ROOT, "test/types.ts"), join(project, `types.${ext}`));
    const config = { compilerOptions: { ...options, target: "ES2022", strict: true, noEmit: true, types: [], skipLibCheck: false }, files: [`types.${ext}`] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    try {
      run(process.execPath, [join(MODULES, "typescript/bin/tsc"), "-p", "."]);
    } catch (err) {
      assert.fail(err.stdout);
    }
  });
}

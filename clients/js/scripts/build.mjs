// Builds dist/ (what is published), build/ (each module on its own, for unit tests) and, with --demo, the demo page's copy.
// It prints the size of the minified bundle and fails when that is over its budget.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

// 6 kB, of 1,024 bytes each.
const BUDGET_BYTES = 6 * 1_024;
const root = new URL("../", import.meta.url);
const path = (name) => new URL(name, root).pathname;
const DEMO = path("../../gateway/demo/assets/starling.js");

const common = { target: "es2022", logLevel: "warning", absWorkingDir: path(".") };
const bundled = { ...common, bundle: true, entryPoints: ["src/index.ts", "src/react.ts", "src/sse.ts"], external: ["react"], sourcemap: true };

for (const dir of ["dist", "build"]) rmSync(path(dir), { recursive: true, force: true });
await build({ ...bundled, format: "esm", outdir: "dist/esm" });
await build({ ...bundled, format: "cjs", outdir: "dist/cjs" });
await build({ ...common, format: "esm", entryPoints: readdirSync(path("src")).map((name) => `src/${name}`), outdir: "build" });
await build({
  ...common, bundle: true, minify: true, mangleProps: /^_/, format: "esm", entryPoints: ["src/index.ts"], outfile: "dist/starling.min.js",
});

// Each format has its own declarations: TypeScript takes a file for what its package.json says it is.
for (const format of ["esm", "cjs"]) {
  execFileSync(process.execPath, [path("node_modules/typescript/bin/tsc"), "-p", path("tsconfig.json"), "--noEmit", "false",
    "--emitDeclarationOnly", "--outDir", path(`dist/${format}`)], { stdio: "inherit" });
}
mkdirSync(path("dist/cjs"), { recursive: true });
writeFileSync(path("dist/cjs/package.json"), '{"type":"commonjs"}\n');

const minified = readFileSync(path("dist/starling.min.js"));
if (process.argv.includes("--demo")) {
  writeFileSync(DEMO, `// Built from clients/js by make js: do not edit.\n${minified}`);
}
const size = gzipSync(minified, { level: 9 }).length;
console.log(`@starling/client: ${minified.length} bytes minified, ${size} gzipped, of ${BUDGET_BYTES} allowed`);
if (size > BUDGET_BYTES) {
  console.error(`error: the bundle is ${size - BUDGET_BYTES} bytes over its budget`);
  process.exitCode = 1;
}

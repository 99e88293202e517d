/**
 * Fuzzes what takes bytes from outside: `node scripts/fuzz.mjs [--seconds 60] [--seed N] [--target NAME]…`. The same seed
 * gives the same cases. What fails, hangs, brings the process down or takes too much memory is made small, written to
 * test/fuzz-corpus/<target>/, and told; exit code 1. `test/fuzz/corpus.test.ts` replays that folder for ever after.
 */
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGETS = { "wandb-log": "wandb", tokenizer: "json", flatten: "json", parquet: "bin", "json-files": "txt" };
/** One case may take so long, in seconds; a machine under load is slow. */
const PATIENCE = 60;
const MOST_MEMORY = 1.5e9;
const HEAP = 768;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    target: { type: "string", multiple: true, default: Object.keys(TARGETS) },
  },
});
const seed = Number(values.seed);
const each = Number(values.seconds) / values.target.length;

/** Inside of the repository, so that packages are found. */
const FOLDER = mkdtempSync(join(ROOT, ".fuzz-"));

/** The worker and all of src as one file; packages stay outside. */
async function bundle() {
  const outfile = join(FOLDER, "worker.mjs");
  const entryPoints = [join(ROOT, "test/fuzz/worker.ts")];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    sourcemap: "inline",
    logLevel: "error",
  });
  return outfile;
}

function start(worker, args) {
  const execArgv = [`--max-old-space-size=${HEAP}`, "--enable-source-maps"];
  return fork(worker, args, { cwd: ROOT, execArgv, stdio: ["ignore", "inherit", "pipe", "ipc"] });
}

/** Runs a worker until it ends, or ends it; gives how far it came and what stopped it. */
function watch(worker, target, from, seconds) {
  const child = start(worker, ["run", target, String(seed), String(from), String(seconds)]);
  const state = { number: from - 1, failures: [], stopped: undefined, done: false };
  let errors = "";
  let timer;
  const stop = (why) => {
    state.stopped ??= why;
    child.kill("SIGKILL");
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop(`no end after ${PATIENCE} s`), PATIENCE * 1000);
  };
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-4000);
  });
  child.on("message", (message) => {
    wait();
    if (message.kind === "case") {
      state.number = message.number;
      if (message.rss > MOST_MEMORY) stop(`${Math.round(message.rss / 1e6)} MB of memory`);
    } else if (message.kind === "failure") state.failures.push(message);
    else if (message.kind === "done") {
      state.number = message.number;
      state.done = true;
    }
  });
  wait();
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (state.number < from) throw new Error(`The worker does not start: ${errors}`);
      if (!state.done) state.stopped ??= `the process ended with ${signal ?? code}: ${errors.slice(-1500)}`;
      resolve(state);
    });
  });
}

/** The bytes of a case that the worker did not live to tell. */
function make(worker, target, number) {
  const file = join(FOLDER, "case");
  const child = start(worker, ["make", target, String(seed), String(number), file]);
  return new Promise((resolve) => child.on("close", () => resolve(readFileSync(file))));
}

function keep(target, bytes) {
  const name = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = join(ROOT, "test/fuzz-corpus", target, `${name}.${TARGETS[target]}`);
  mkdirSync(dirname(file), { recursive: true });
  if (!existsSync(file)) writeFileSync(file, bytes);
  return file;
}

let worker;
const known = new Set();
let finds = 0;
function tell(target, number, says, bytes) {
  const kind = `${target} ${says.split("\n")[0].replace(/\d+/g, "#").slice(0, 60)}`;
  if (known.has(kind)) return;
  known.add(kind);
  finds += 1;
  console.log(`FOUND ${target} case ${number} of seed ${seed}: ${says}\n  kept as ${keep(target, bytes)}`);
}

try {
  worker = await bundle();
  for (const target of values.target) {
    const until = performance.now() + each * 1000;
    let number = 0;
    while (performance.now() < until) {
      const state = await watch(worker, target, number, Math.max(1, (until - performance.now()) / 1000));
      for (const item of state.failures) tell(target, item.number, item.says, Buffer.from(item.bytes, "base64"));
      if (state.stopped !== undefined)
        tell(target, state.number, state.stopped, await make(worker, target, state.number));
      number = state.done ? state.number : state.number + 1;
    }
    console.log(`${target}: ${number} cases of seed ${seed} in ${Math.round(each)} s`);
  }
} finally {
  rmSync(FOLDER, { recursive: true, force: true });
}
process.exitCode = finds === 0 ? 0 : 1;

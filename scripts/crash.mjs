// Kills import, export and sync at random moments, and holds them to what is promised then: the raw store is as before or
// as after, a reader of tables sees each run old or new, and the next run finishes the work.
//   node scripts/crash.mjs [--kills 12] [--only import|export|sync|first-sync]… [--seed 1]     needs `npm run build`
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { leftovers, pendingFiles, rawState, tablesState } from "./crash-state.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const MAIN = join(ROOT, "dist/bin/main.js");
const OFFLINE = join(ROOT, "test/data/wandb_sdk_offline");
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "12" },
    only: { type: "string", multiple: true },
    seed: { type: "string", default: "1" },
  },
});
const KILLS = Number(values.kills);
/** Tables are compared after every kill; what `rebuild` makes of them, after each of so many. */
const REBUILDS = 10;

/** mulberry32: the same moments for the same seed. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs the program; kills it after so many milliseconds. @returns exit code (undefined when killed), output, time */
async function run(args, killAfter = Number.POSITIVE_INFINITY) {
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const chunks = { out: [], err: [] };
  child.stdout.on("data", (chunk) => chunks.out.push(chunk));
  child.stderr.on("data", (chunk) => chunks.err.push(chunk));
  const ended = new Promise((done) => child.on("close", (code, signal) => done(signal === null ? code : undefined)));
  const stop = new AbortController();
  if (Number.isFinite(killAfter)) {
    sleep(killAfter, undefined, { signal: stop.signal }).then(
      () => child.kill("SIGKILL"),
      () => undefined,
    );
  }
  const code = await ended;
  stop.abort();
  const text = (name) => Buffer.concat(chunks[name]).toString("utf8");
  return { code, out: text("out"), err: text("err"), time: performance.now() - started };
}

async function succeed(args) {
  const done = await run(args);
  if (done.code !== 0) throw new Error(`${args.join(" ")} exits with ${done.code}:\n${done.err}`);
  return done;
}

/** A folder of W&B logs: of some runs, some of them cut as a run that is still going leaves them. */
async function logs(folder, runs) {
  for (const [name, share] of Object.entries(runs)) {
    const [run] = (await readdir(join(OFFLINE, name))).filter((entry) => entry.startsWith("offline-run"));
    const to = join(folder, run);
    await cp(join(OFFLINE, name, run), to, { recursive: true });
    const [log] = (await readdir(to)).filter((file) => file.endsWith(".wandb"));
    const path = join(to, log);
    if (share < 1) await truncate(path, Math.floor((await readFile(path)).length * share));
  }
  return folder;
}

/** What each command is told, the states of the project folder before and after it, and what has to be equal then. */
function scenarios(work, first, second) {
  const common = (project) => ["--project", project, "--quiet", "--fail-on", "never", "--entity", "lab"];
  const exportOf = (project) => ["export", "--project", project, "--quiet", "--fail-on", "never"];
  const filled = join(work, "filled");
  const imported = join(work, "imported");
  const prepare = async () => {
    for (const folder of first) await succeed(["sync", folder, ...common(filled)]);
    await cp(filled, imported, { recursive: true });
    await succeed(["import", second, ...common(imported)]);
    await mkdir(join(work, "empty"));
  };
  const list = {
    import: { base: filled, args: (at) => ["import", second, ...common(at)] },
    export: { base: imported, args: exportOf },
    sync: { base: filled, args: (at) => ["sync", second, ...common(at)] },
    "first-sync": { base: join(work, "empty"), args: (at) => ["sync", second, ...common(at)] },
  };
  return { prepare, list };
}

async function stateOf(project) {
  return { raw: await rawState(join(project, "raw")), tables: await tablesState(join(project, "tables")) };
}

async function rebuilt(project) {
  if ((await pendingFiles(join(project, "tables"))) === undefined) return undefined;
  return (await succeed(["rebuild", "--project", project, "--quiet"])).out;
}

/** Tables and runs that are neither as before nor as after, and that `pending` does not admit. */
function mixtures(found, before, after, pending) {
  const wrong = [];
  const admitted = new Set((pending ?? []).map((file) => file.split("/")[0].replace(/\.parquet$/, "")));
  for (const table of new Set([before, after, found].flatMap(Object.keys))) {
    if (admitted.has(table)) continue;
    const [was, now, is] = [before[table] ?? {}, after[table] ?? {}, found[table] ?? {}];
    for (const run of new Set([was, now, is].flatMap(Object.keys))) {
      if (is[run] !== was[run] && is[run] !== now[run]) wrong.push(`${table} of ${run}`);
    }
  }
  return wrong;
}

/** What must hold of a project right after the kill. */
async function checkKilled(project, before, after) {
  const raw = await rawState(join(project, "raw"));
  if (!isDeepStrictEqual(raw, before.raw) && !isDeepStrictEqual(raw, after.raw)) {
    throw new Error("The raw store is neither as before nor as after");
  }
  const pending = await pendingFiles(join(project, "tables"));
  const wrong = mixtures(await tablesState(join(project, "tables")), before.tables, after.tables, pending);
  if (wrong.length > 0) throw new Error(`Neither old nor new: ${wrong.join(", ")} (pending: ${pending})`);
  await readFile(join(project, "report/report.json"), "utf8").then(JSON.parse, (error) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** @param expected what `rebuild` has to print; it is not asked when this is undefined. */
async function checkFinished(project, after, expected) {
  const state = await stateOf(project);
  if (!isDeepStrictEqual(state.raw, after.raw)) throw new Error("The raw store is not that of an undisturbed run");
  if (!isDeepStrictEqual(state.tables, after.tables)) throw new Error("The tables are not those of an undisturbed run");
  if (expected !== undefined && (await rebuilt(project)) !== expected)
    throw new Error("rebuild prints something else than after an undisturbed run");
  const left = await leftovers(project);
  if (left.length > 0) throw new Error(`Left over: ${left.join(", ")}`);
}

async function crash(name, { base, args }, work) {
  const undisturbed = join(work, `${name}-undisturbed`);
  await cp(base, undisturbed, { recursive: true });
  const before = await stateOf((await readdir(base)).length > 0 ? base : join(work, "nothing"));
  let { time } = await succeed(args(undisturbed));
  const after = await stateOf(undisturbed);
  const expected = await rebuilt(undisturbed);
  const next = random(Number(values.seed));
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    const project = join(work, "victim");
    await cp(base, project, { recursive: true });
    const moment = ((i + next()) / KILLS) * time;
    const { code, time: took } = await run(args(project), moment);
    if (code === undefined) killed += 1;
    // It was faster than the first time: moments are chosen from what it takes now.
    else time = Math.min(time, took);
    try {
      await checkKilled(project, before, after);
      await succeed(args(project));
      await checkFinished(project, after, i % REBUILDS === 0 ? expected : undefined);
    } catch (error) {
      throw new Error(`${name} killed after ${Math.round(moment)} of ${Math.round(time)} ms: ${error.message}`, {
        cause: error,
      });
    }
    await rm(project, { recursive: true });
    if ((i + 1) % 25 === 0) console.log(`crash: ${name}: ${i + 1} of ${KILLS} done, ${killed} in the midst`);
  }
  console.log(`crash: ${name}: ${killed} of ${KILLS} were killed in the midst, each was finished by the next run`);
  if (killed < KILLS / 3)
    throw new Error(`Only ${killed} of ${KILLS} runs of ${name} were killed: too slow a machine?`);
}

const work = await mkdtemp(join(tmpdir(), "wandb-columns-crash-"));
try {
  const first = [
    await logs(join(work, "a"), { steps: 1, baseline: 0.5 }),
    await logs(join(work, "b"), { numbers: 1, crashed: 0.4 }),
    await logs(join(work, "c"), { media: 1 }),
  ];
  const second = await logs(join(work, "d"), { baseline: 1, crashed: 1, keys: 1, steps_resumed: 1, empty: 1 });
  const { prepare, list } = scenarios(work, first, second);
  await prepare();
  for (const [name, scenario] of Object.entries(list)) {
    if (values.only?.includes(name) ?? true) await crash(name, scenario, work);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

/**
 * What a job is made of: commands, ours and peers', that run in turn, and claims, the rows of the table. A claim compares
 * the medians of two commands, or one with a limit.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../dist/bin/main.js", import.meta.url));
const USAGE = new URL("./usage.mjs", import.meta.url).href;
const GB = 1e9;

/** What a program of ours printed is not what was asked of it. */
function expectEqual(found, expected, what) {
  if (found !== expected) throw new Error(`${what}: ${found}, expected ${expected}`);
}

/**
 * A command of ours. `prepare` brings the project folder into the state that it starts from; `expect` is compared with
 * members of what it prints with --json, so that no figure stands for work that was not done.
 */
export function ours(id, project, args, { prepare = () => {}, expect = () => {} } = {}) {
  const failOn = args[0] === "infer" ? [] : ["--fail-on", "never"];
  const flags = ["--project", project, "--quiet", "--json", ...failOn];
  return {
    id,
    isOurs: true,
    prepare,
    argv: (nodeFlags = []) => [process.execPath, ...nodeFlags, "--import", USAGE, CLI, ...args, ...flags],
    check: (stdout) => expect(JSON.parse(stdout)),
  };
}

/** A command of another tool, from `pythonPeer` or `duckdbPeer`; a slow one runs once. */
export function peer(id, label, { argv, skipped, label: own }, isSlow = false) {
  return {
    id,
    label: own ?? label,
    isOurs: false,
    isSlow,
    prepare: () => {},
    argv: () => argv,
    skipped,
    check: () => {},
  };
}

export const empty = (project) => () => rmSync(project, { recursive: true, force: true });

/** A project that has the schemas of another and nothing else. */
export const schemasOf = (other, project) => () => {
  rmSync(project, { recursive: true, force: true });
  cpSync(join(other, "schemas"), join(project, "schemas"), { recursive: true });
};

export const withoutTables = (project) => () => rmSync(join(project, "tables"), { recursive: true, force: true });

export const hasRows = (rows) => (result) => expectEqual(result.totals.history_rows, rows, "history rows");
export const hasRuns = (runs) => (result) => expectEqual(result.totals.runs, runs, "runs");
export const wroteRows = (table, rows) => (result) =>
  expectEqual(result.tables.find((item) => item.name === table)?.rows, rows, `rows of ${table}`);
export const importedLogs = (logs) => (result) => expectEqual(result.logs_added, logs, "logs imported");

const ratio = (figure) => (own, other) => own[figure] / other[figure];
const within = (limit) => (value) => value <= limit;
const times = (value) => value.toFixed(2);

/** Wall time against another command's. Without a limit it is for information. */
export function time(what, own, other, limit) {
  const target = limit === undefined ? undefined : { text: `at most ${limit}x`, isMet: within(limit) };
  return { what, own, other, value: ratio("wall"), show: times, target };
}

/** Peak memory against another command's. */
export function memoryRatio(what, own, other, limit) {
  const target = limit === undefined ? undefined : { text: `memory at most ${limit}x`, isMet: within(limit) };
  return { what, own, other, value: ratio("peak"), show: times, target };
}

/** Peak memory against a limit in GB. */
export function memory(what, own, limit) {
  const target = { text: `under ${limit} GB of memory`, isMet: (value) => value < limit };
  return { what, own, value: ({ peak }) => peak / GB, show: (value) => `${value.toFixed(2)} GB`, target };
}

/** Wall time against a limit in seconds. */
export function seconds(what, own, limit, text) {
  return {
    what,
    own,
    value: ({ wall }) => wall,
    show: (value) => `${value.toFixed(2)} s`,
    target: { text, isMet: within(limit) },
  };
}

/** Rows per second; the time of command `base`, where there is one, is taken off. */
export function rate(what, own, rows, least, base) {
  const value = ({ wall }, other) => rows / (wall - (other?.wall ?? 0));
  const target =
    least === undefined
      ? undefined
      : { text: `at least ${least.toLocaleString("en")} rows/s`, isMet: (found) => found >= least };
  return { what, own, other: base, value, show: (found) => `${Math.round(found).toLocaleString("en")} rows/s`, target };
}

/** JSON Lines of a shape as an input, from the number `first` on; history rows are of new runs when it is a multiple of 1,000. */
export const linesInput = (name, shape, rows, first = 0) => ({
  name,
  generator: "lines.mjs",
  args: [shape, rows],
  after: [first],
  ending: ".ndjson",
});

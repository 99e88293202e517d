/** Runs the benchmarks and prints one table: `npm run bench`, `node bench/run.mjs --help`. Nothing here is a test. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeInput } from "./inputs.mjs";
import { exportJob } from "./jobs/export.mjs";
import { historyJob } from "./jobs/history.mjs";
import { logJob } from "./jobs/log.mjs";
import { memoryJob } from "./jobs/memory.mjs";
import { runsJob } from "./jobs/runs.mjs";
import { worstJob } from "./jobs/worst.mjs";
import { machineLines } from "./machine.mjs";
import { findPython } from "./peers/find.mjs";
import { profileJob, runJob } from "./rounds.mjs";
import { claimRow, tableText } from "./table.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const JOBS = { H: historyJob, H10: memoryJob, R: runsJob, P: exportJob, W: logJob, worst: worstJob };

const SMALL = {
  history: 30_000,
  manyHistory: 300_000,
  runs: 2_000,
  exportRuns: 60,
  steps: 20_000,
  manySteps: 80_000,
  longBytes: 10_000_000,
};
const FULL = {
  history: 300_000,
  manyHistory: 3_000_000,
  runs: 20_000,
  exportRuns: 1_200,
  steps: 20_000,
  manySteps: 1_600_000,
  longBytes: 50_000_000,
};
const FULL_BYTES = 12e9;

const HELP = `node bench/run.mjs [options]    after npm run build

  --full          the sizes that targets are about; needs about 12 GB of disk
  --only NAME     only this job; may be given several times: ${Object.keys(JOBS).join(", ")}, tokenizer
  --runs N        rounds; figures are medians. Default: 3
  --scale X       sizes times X, for a quick look
  --timeout S     seconds after which a command is stopped. Default: 40, with --full 900
  --data DIR      where inputs are kept. Default: node_modules/.cache/wandb-columns-bench
  --keep          keep the project folders
  --profile       after that, run our commands once more and print where their time goes
`;

const OPTIONS = {
  full: { type: "boolean", default: false },
  only: { type: "string", multiple: true, default: [...Object.keys(JOBS), "tokenizer"] },
  runs: { type: "string", default: "3" },
  scale: { type: "string", default: "1" },
  timeout: { type: "string" },
  data: { type: "string", default: join(ROOT, "node_modules/.cache/wandb-columns-bench") },
  keep: { type: "boolean", default: false },
  profile: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/** Sizes are whole thousands of rows and whole hundreds of runs, so that 1 % is a whole number. */
function scaled(sizes, scale) {
  const steps = { history: 1000, manyHistory: 1000, runs: 100 };
  const size = ([name, value]) => {
    const step = steps[name] ?? 1;
    return [name, Math.max(step, Math.round((value * scale) / step) * step)];
  };
  return Object.fromEntries(Object.entries(sizes).map(size));
}

function checkOptions({ only, data, full, runs, scale, timeout = "1" }) {
  for (const [name, text] of Object.entries({ runs, scale, timeout })) {
    if (!(Number(text) > 0)) throw new RangeError(`--${name} is a number above 0, not ${text}`);
  }
  const unknown = only.filter((name) => JOBS[name] === undefined && name !== "tokenizer");
  if (unknown.length > 0) throw new Error(`There is no job ${unknown.join(", ")}; see --help`);
  mkdirSync(data, { recursive: true });
  const { bavail, bsize } = statfsSync(data);
  const free = bavail * bsize;
  if (full && free < FULL_BYTES) {
    throw new Error(`${data} has ${(free / 1e9).toFixed(1)} GB free, --full needs about 12; give --data DIR`);
  }
}

/** Our commands that failed, a line each: also those that no row of the table is about. */
function failures(job, results) {
  const failed = job.commands.filter(({ id, isOurs }) => isOurs && results.get(id).failed !== undefined);
  return failed.map(({ id }) => `FAILED ${job.name} ${id}: ${results.get(id).failed}`);
}

/** Runs the jobs and prints the table. @returns whether all commands of ours did their work. */
async function runJobs(options, context) {
  const jobs = options.only.filter((name) => name !== "tokenizer").map((name) => JOBS[name](context));
  if (jobs.length === 0) return true;
  const rows = [];
  const failed = [];
  for (const job of jobs) {
    const results = await runJob(job, context);
    rows.push(...job.claims.map((claim) => claimRow(job, claim, results)));
    failed.push(...failures(job, results));
  }
  const titles = jobs.map((job) => `${job.name}: ${job.title}`);
  console.log([...machineLines(context.python, options), ...titles, "", tableText(rows), ...failed].join("\n"));
  if (options.profile) for (const job of jobs) await profileJob(job, context);
  return failed.length === 0;
}

function runTokenizer() {
  console.log("\ntokenizer");
  const { status } = spawnSync(process.execPath, [join(ROOT, "bench/tokenizer.mjs")], { stdio: "inherit" });
  return status === 0;
}

async function main(options) {
  checkOptions(options);
  const data = resolve(options.data);
  const work = mkdtempSync(join(data, "work-"));
  const context = {
    data,
    work,
    rounds: Math.ceil(Number(options.runs)),
    limit: Number(options.timeout ?? (options.full ? 900 : 40)),
    sizes: scaled(options.full ? FULL : SMALL, Number(options.scale)),
    python: findPython(),
    input: (wanted) => makeInput(join(data, "inputs"), wanted),
  };
  try {
    const isWhole = await runJobs(options, context);
    return isWhole && (!options.only.includes("tokenizer") || runTokenizer()) ? 0 : 1;
  } finally {
    if (options.keep) console.log(`\nproject folders: ${work}`);
    else rmSync(work, { recursive: true, force: true });
  }
}

try {
  const options = parseArgs({ options: OPTIONS }).values;
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 2;
}

/**
 * Runs: config, summary and latest system metrics, about 300 values of 415 paths. Values of several types at one path,
 * integers that no double holds, non-finite numbers as strings, lists of objects, and names that are rare.
 */
import { group, leaf, members } from "./shape.mjs";

const TASKS = "arc boolq code copa coqa drop facts gsm lambada math mbpp mmlu piqa qa race sciq siqa squad trivia wino";

/** What a run is about: its place, and the next random number. */
export const runRecord = (row, next, rows) => ({ row, rows, next });

const real = (write) => leaf("DOUBLE", (record) => String(write(record)));
const whole = (write) => leaf("BIGINT", (record) => String(write(record)));
const text = (write) => leaf("VARCHAR", (record) => JSON.stringify(write(record)));
const flag = (write) => leaf("BOOLEAN", (record) => String(write(record)));
const fixed = (type, json) => leaf(type, () => json);
const mixed = (write) => leaf("JSON", (record) => String(write(record)));
const share = ({ next }) => next();
const below =
  (limit) =>
  ({ next }) =>
    Math.floor(next() * limit);

const times = (count, make) => Object.assign({}, ...Array.from({ length: count }, (_, index) => make(index)));
const sometimes = (chance, { type, write }) =>
  leaf(type, (record) => (record.next() < chance ? write(record) : undefined));

const ARGUMENTS = [
  () => whole(below(100)),
  () => real(share),
  (k) => text(({ row }) => `v${k + (row % 3)}`),
  () => flag(({ next }) => next() < 0.5),
];

const MODEL = {
  name: text(({ row }) => `transformer-${row % 7}`),
  hidden_size: whole(({ row }) => 1024 * (1 + (row % 4))),
  layers: whole(({ row }) => 12 + (row % 24)),
  vocabulary: fixed("BIGINT", "50280"),
  rope: { theta: fixed("BIGINT", "10000"), scaling: fixed("VARCHAR", "null") },
  attention: {
    heads: fixed("BIGINT", "16"),
    kv_heads: fixed("BIGINT", "4"),
    dropout: fixed("DOUBLE", "0"),
    bias: fixed("BOOLEAN", "false"),
  },
  init: { std: fixed("DOUBLE", "0.02"), cutoff: fixed("BIGINT", "3") },
};

const OPTIMIZER = {
  name: fixed("VARCHAR", '"adamw"'),
  lr: real(({ next }) => next() / 100),
  eps: fixed("DOUBLE", "1e-08"),
  betas: fixed("DOUBLE[]", "[0.9,0.999]"),
  schedule: mixed(({ next }) => (next() < 0.1 ? '{"type":"cosine","warmup":100}' : '"cosine"')),
  groups: fixed("JSON", '[{"lr":0.1,"n":3},{"lr":0.2,"n":4}]'),
};

/** Six of forty sources have a weight, others from run to run. */
const source = (k) => ({
  [`source_${k}`]: leaf("DOUBLE", ({ row, next }) =>
    ((((k - row) % 40) + 40) % 40) % 7 === 0 ? String(next()) : undefined,
  ),
});

const CONFIG = {
  seed: mixed(({ row }) => (row % 5 === 0 ? "9007199254740993" : row)),
  experiment: text(({ row }) => `2025_08_18-experiment-${row}`),
  learning_rate: real(({ next }) => next() / 100),
  weight_decay: real(({ next }) => (next() < 0.5 ? 0 : 0.1)),
  report_to: fixed("VARCHAR[]", '["wandb"]'),
  betas: fixed("DOUBLE[]", "[0.9,0.95]"),
  hub: fixed("VARCHAR", "null"),
  use_adapters: flag(({ next }) => next() < 0.5),
  model: MODEL,
  optimizer: OPTIMIZER,
  data: {
    paths: leaf("VARCHAR[]", ({ row }) => `["/a/b/${row}","/c/d"]`),
    mix: times(40, source),
    sequence_length: fixed("BIGINT", "2048"),
    shuffle: fixed("BOOLEAN", "true"),
  },
  model_size: mixed(({ row, next }) => (next() < 0.03 ? '"7B"' : 4_000_000 + (row % 9) * 1_000_000)),
  rank: mixed(({ next }) => (next() < 0.02 ? '"auto"' : 64)),
  compute: mixed(({ row }) => (row % 3 === 0 ? "2.486e+19" : 8_300_000_000_000_000n + BigInt(row) * 17n)),
  max_length: fixed("JSON", "1000000000000000019884624838656"),
  ...times(40, (k) => ({ [`arg_${k}`]: sometimes(0.95, ARGUMENTS[k % 4](k)) })),
  ...times(53, (k) => ({ [`sweep_${k}`]: sometimes(0.0004, real(share)) })),
  _wandb: {
    cli_version: fixed("VARCHAR", '"0.21.1"'),
    python_version: fixed("VARCHAR", '"3.11.13"'),
    is_jupyter_run: fixed("BOOLEAN", "false"),
    start_time: whole(({ row }) => 1_755_615_516 + row),
    t: {
      1: fixed("BIGINT[]", "[1,5,11]"),
      2: fixed("BIGINT[]", "[1,5,11,49]"),
      4: fixed("VARCHAR", '"3.11.13"'),
      5: fixed("VARCHAR", '"0.21.1"'),
    },
  },
};

function metric(k) {
  if (k === 3) return real(({ next }) => (next() < 0.02 ? '"Infinity"' : next()));
  return real(({ next }) => (k % 3 === 0 && next() < 0.1 ? Math.floor(next() * 10) : next()));
}

const evaluation = (task) => ({
  [task]: group(({ next }) => next() < 0.45, {
    acc: real(share),
    acc_norm: real(({ next }) => (next() < 0.1 ? 1 : next())),
    bits_per_byte: real(share),
    n: whole(({ row }) => 1000 + (row % 17)),
    raw: { logits: real(({ next }) => next() * 1e4), correct: whole(below(1000)) },
  }),
});

const SUMMARY = {
  _step: whole(below(1e5)),
  _timestamp: real(({ row }) => 1755615516.49 + row),
  _runtime: real(({ next }) => 33_617.95 + next()),
  _wandb: { runtime: fixed("BIGINT", "33617") },
  train_loss: real(({ next }) => (next() < 0.05 ? '"NaN"' : next() * 5)),
  tokens_seen: whole(({ row }) => 620_370_269 + row * 1_000_000),
  tokens_seen_padded: whole(({ row }) => 924_386_240 + row * 2_000_003),
  ...times(30, (k) => ({ [`train/metric_${k}`]: metric(k) })),
};

const SAMPLES = group(({ next }) => next() < 0.2, {
  _type: fixed("VARCHAR", '"table-file"'),
  path: text(({ row }) => `media/table/samples_${row}.table.json`),
  ncols: fixed("BIGINT", "3"),
  nrows: fixed("BIGINT", "10"),
  size: fixed("BIGINT", "1234"),
  sha256: fixed("VARCHAR", `"${"ab".repeat(32)}"`),
});

const GPU_METRICS = ["gpu", "memory", "temp", "powerWatts", "smClock"];

const device = (index, write) =>
  leaf("DOUBLE", (record) => (index < 1 + (record.row % 8) ? String(write(record)) : undefined));
const gpu = (index) =>
  Object.fromEntries(
    GPU_METRICS.map((name) => [
      `system.gpu.${index}.${name}`,
      device(index, name === "powerWatts" ? ({ next }) => 100 + next() * 300 : below(100)),
    ]),
  );
const cpu = (index) => ({
  [`system.cpu.${index}.cpu_percent`]: leaf("DOUBLE", ({ row, next }) =>
    index < 8 + (row % 24) ? String(next() * 100) : undefined,
  ),
});

const LIFE = {
  run_id: text(({ row }) => `r${row}`),
  run_name: text(({ row }) => `run ${row}`),
  state: text(({ row }) => (row % 9 === 0 ? "crashed" : "finished")),
  project: text(({ row }) => `p${row % 3}`),
  entity: fixed("VARCHAR", '"e"'),
  created_at: fixed("VARCHAR", '"2025-08-19T05:36:01Z"'),
  tags: leaf("VARCHAR[]", ({ row }) => `["a","b${row % 5}"]`),
};

export const RUNS = {
  ...LIFE,
  config: CONFIG,
  summary: { ...SUMMARY, eval: times(20, (index) => evaluation(TASKS.split(" ")[index])), samples: SAMPLES },
  system_metrics: { ...times(8, gpu), ...times(31, cpu) },
};

const DISTINCT = 20_000;
const A_RUN = 90;

/** Names that are all over the place: 20,000 in all, each in a few runs. */
function distinctNames({ row, rows, next }) {
  const count = Math.max(A_RUN, Math.ceil(DISTINCT / rows));
  const texts = Array.from({ length: count }, (_, k) => `"score/${(row * count + k) % DISTINCT}/acc":${next()}`);
  return texts.join(",");
}

export const DISTINCT_PATHS = { ...LIFE, config: CONFIG, summary: { ...SUMMARY, scores: members(distinctNames) } };

/** Runs of a given size: half of each is one text with escapes, half one list of numbers. */
export const longRuns = (bytes) => ({
  ...LIFE,
  config: {
    notes: leaf("VARCHAR", () => `"${"a line of the log\\n".repeat(bytes / 2 / 19)}"`),
    values: leaf("DOUBLE[]", ({ next }) => {
      const texts = [];
      for (let length = 0; length < bytes / 2; length += texts[texts.length - 1].length + 1) texts.push(String(next()));
      return `[${texts.join(",")}]`;
    }),
  },
  summary: SUMMARY,
});

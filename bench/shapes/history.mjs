/**
 * History rows: 33 values a row and 49 paths. A run has 1,000 rows. Some metrics come at some steps only, one name is new
 * from row 25,000 on, there are nulls, and now and then a number that JSON cannot spell is a string, as W&B's client writes it.
 */
import { group, leaf } from "./shape.mjs";

const ROWS_OF_RUN = 1000;
const LATE = 25_000;
const START = 1755615516.25;
const SECONDS = 1.5017;

/** What a row is about: its place, and the next random number. */
export const historyRecord = (row, next, rows) => ({
  row,
  rows,
  next,
  run: `run${String(Math.floor(row / ROWS_OF_RUN)).padStart(6, "0")}`,
  step: row % ROWS_OF_RUN,
});

const real = (write) => leaf("DOUBLE", (record) => String(write(record)));
const whole = (write) => leaf("BIGINT", (record) => String(write(record)));
const between = (low, high) => real(({ next }) => low + next() * (high - low));

function gpu(device) {
  return {
    [`system.gpu.${device}.gpu`]: real(({ next }) => (next() < 0.1 ? Math.floor(next() * 100) : next() * 100)),
    [`system.gpu.${device}.memoryAllocatedBytes`]: whole(({ next }) => Math.floor(6e10 + next() * 1e10)),
    [`system.gpu.${device}.temp`]: whole(({ next }) => 40 + Math.floor(next() * 40)),
  };
}

/** An evaluation that runs every 50 steps. The first two are often whole numbers, the fourth is sometimes no number. */
function evaluation(task) {
  const score = ({ next }) => {
    if (task < 2) return Math.round(next() * 4) / 4;
    return task === 3 && next() < 0.05 ? '"NaN"' : next();
  };
  const write = (record) => (record.step % 50 === 0 ? String(score(record)) : undefined);
  return { [`eval/task${task}/acc`]: leaf("DOUBLE", write) };
}

const times = (count, make) => Object.assign({}, ...Array.from({ length: count }, (_, index) => make(index)));
const list = (count, make) => `[${Array.from({ length: count }, (_, index) => make(index)).join(",")}]`;

export const HISTORY = {
  run_id: leaf("VARCHAR", ({ run }) => `"${run}"`),
  _step: whole(({ step }) => step),
  _timestamp: real(({ row }) => START + row * SECONDS),
  _runtime: real(({ step, next }) => step * SECONDS + next()),
  epoch: real(({ step }) => step / 250),
  tokens_seen: whole(({ step }) => step * 4_194_304),
  learning_rate: between(0, 0.001),
  "train/loss": real(({ next }) => (next() < 0.0002 ? '"NaN"' : 2 + next())),
  "train/grad_norm": real(({ next }) => (next() < 0.001 ? '"NaN"' : next() < 0.0002 ? '"Infinity"' : next() * 2)),
  "train/perplexity": real(({ step, next }) => (step < 3 && next() < 0.3 ? '"Infinity"' : 7 + next() * 3)),
  "train/accuracy": real(({ next }) => (next() < 0.02 ? null : next())),
  "train/loss_scale": whole(({ next }) => (next() < 0.5 ? 32_768 : 65_536)),
  "train/aux_loss": real(({ next }) => (next() < 0.3 ? 0 : next() / 100)),
  phase: leaf("VARCHAR", ({ step }) => (step < 100 ? '"warmup"' : '"train"')),
  overflow: leaf("BOOLEAN", ({ next }) => String(next() < 0.001)),
  "perf/tokens_per_second": between(20_000, 21_000),
  "perf/mfu": between(0.4, 0.5),
  "perf/step_seconds": between(1.5, 1.6),
  "perf/data_seconds": between(0, 0.01),
  ...times(4, gpu),
  "params/norm": between(30, 31),
  "optimizer/update_norm": between(0, 0.00001),
  ...times(12, evaluation),
  "grads/histogram": group(({ step }) => step % 500 === 0, {
    _type: leaf("VARCHAR", () => '"histogram"'),
    bins: leaf("DOUBLE[]", () => list(33, (index) => index / 10)),
    values: leaf("BIGINT[]", ({ next }) => list(32, () => Math.floor(next() * 100))),
  }),
  "debug/late": leaf("DOUBLE", ({ row, next }) => (row >= LATE && row % 10 === 0 ? String(next()) : undefined)),
};

/** A row that an engine would change: more digits than a double has, or half of a surrogate pair. */
export const CARE_ROWS = {
  ...HISTORY,
  "care/digits": leaf("JSON", ({ row }) => (row % 2 === 0 ? `0.1234567890123456789${row}1` : undefined)),
  "care/text": leaf("JSON", ({ row }) => (row % 2 === 1 ? `"\\ud800 ${row}"` : undefined)),
};

/** A string where the column has numbers, in every tenth row. */
export const MISFITS = {
  ...HISTORY,
  "train/loss": leaf("JSON", ({ row, next }) => (row % 10 === 0 ? '"diverged"' : String(2 + next()))),
};

/** An object in every row that no column holds. */
export const LEFTOVERS = {
  ...HISTORY,
  samples: leaf("JSON", ({ row, next }) => `[{"prompt":"p${row}","score":${next()}},{"prompt":"q","score":${next()}}]`),
};

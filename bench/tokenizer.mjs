/**
 * Speed of the import pass: `node bench/tokenizer.mjs [MB]` after `npm run build`. Prints MB/s of the profiler and of a
 * plain loop over the same bytes, best of several rounds, and their ratio, which does not depend on the machine much.
 */
import { Profiler } from "../dist/profile/profiler.js";

const MEGABYTES = Number(process.argv[2] ?? 32);
const ROUNDS = 10;

/** A xorshift generator: the same numbers in every run. */
function random(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** One row of a training run: about 30 metrics, a few strings, now and then a histogram or a non-finite number. */
function historyRow(index, next) {
  const row = { _step: index, _timestamp: 1755615516.25 + index * 1.5017, _runtime: index * 1.5017 + next() };
  row["train/loss"] = next() < 0.001 ? "NaN" : 2 + next();
  row["train/acc"] = next() < 0.02 ? null : next();
  row.learning_rate = next() / 1000;
  row.total_tokens = index * 4194304;
  row.phase = index % 1000 < 100 ? "warmup" : "train";
  row.overflow = next() < 0.001;
  for (let k = 0; k < 10; k++) row[`train/metric_${k}`] = next() * 10 ** (k - 5);
  for (let gpu = 0; gpu < 4; gpu++) {
    row[`system.gpu.${gpu}.gpu`] = next() * 100;
    row[`system.gpu.${gpu}.memoryAllocatedBytes`] = Math.floor(6e10 + next() * 1e10);
    row[`system.gpu.${gpu}.temp`] = 40 + Math.floor(next() * 40);
  }
  if (index % 50 === 0) for (let task = 0; task < 12; task++) row[`eval/task${task}/acc`] = next();
  if (index % 500 === 0) row["grads/hist"] = { _type: "histogram", values: Array.from({ length: 64 }, () => next()) };
  return row;
}

/** One run's config and summary together: nested objects, optional keys, lists of objects, type conflicts. */
function runPayload(index, next) {
  const config = {
    seed: index,
    model: { name: `m${index % 7}`, hidden_size: 1024 * (1 + (index % 4)), rope: { theta: 10000, scaling: null } },
    optimizer: {
      name: "adamw",
      lr: next() / 100,
      betas: [0.9, 0.999],
      groups: [
        { lr: 0.1, n: 3 },
        { lr: 0.2, n: 4 },
      ],
    },
    data: { paths: [`/a/b/${index}`, "/c/d"], shuffle: true },
  };
  for (let k = 0; k < 40; k++) {
    if (next() < 0.05) continue;
    config[`arg_${k}`] = [Math.floor(next() * 100), next(), `v${k + (index % 3)}`, next() < 0.5][k % 4];
  }
  const summary = { _step: Math.floor(next() * 1e5), _wandb: { runtime: 33617 } };
  for (let k = 0; k < 30; k++) summary[`train/metric_${k}`] = next();
  for (let k = 0; k < 20; k++) {
    if (next() < 0.45)
      summary[`eval_${k}`] = { acc: next(), n: 1000 + (index % 17), raw: { logits_sum: next() * 1e4 } };
  }
  return { created_at: "2025-08-19T05:36:01Z", tags: ["a", `b${index % 5}`], config, summary };
}

function texts(make) {
  const next = random(123456789);
  const rows = [];
  for (let size = 0, index = 0; size < MEGABYTES * 1e6; index++) {
    rows.push(JSON.stringify(make(index, next)));
    size += rows[index].length;
  }
  const bytes = new TextEncoder().encode(rows.join("\n"));
  const ends = [];
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ends.push(at);
  return { bytes, ends: [...ends, bytes.length] };
}

function plainLoop({ bytes }) {
  let quotes = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 34) quotes += 1;
  return quotes;
}

function profile({ bytes, ends }, blob, rowsOfRun) {
  const profiler = new Profiler();
  let from = 0;
  let hazards = 0;
  for (let row = 0; row < ends.length; row++) {
    if (row % rowsOfRun === 0) profiler.beginRun({ entity: "e", project: "p", run_id: `r${row}` });
    hazards |= profiler.scan(blob, bytes, from, ends[row]);
    from = ends[row] + 1;
  }
  return hazards;
}

function best(bytes, work) {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    work();
    shortest = Math.min(shortest, performance.now() - start);
  }
  return bytes.length / 1e3 / shortest;
}

for (const [name, make, blob, rowsOfRun] of [
  ["history rows", historyRow, "history", 1000],
  ["run payloads", runPayload, "run", 1],
]) {
  const sample = texts(make);
  const speed = best(sample.bytes, () => profile(sample, blob, rowsOfRun));
  const loop = best(sample.bytes, () => plainLoop(sample));
  const [a, b, ratio] = [speed.toFixed(0), loop.toFixed(0), (speed / loop).toFixed(2)];
  console.log(`${name}: ${a} MB/s; plain byte loop ${b} MB/s; ratio ${ratio}`);
}

/**
 * Speed of the import pass: `node bench/tokenizer.mjs [MB]` after `npm run build`. Prints MB/s of the profiler and of a
 * plain loop over the same bytes, best of several rounds, and their ratio, which does not depend on the machine much.
 */
import { Profiler } from "../dist/profile/profiler.js";
import { HISTORY, historyRecord } from "./shapes/history.mjs";
import { random } from "./shapes/random.mjs";
import { RUNS, runRecord } from "./shapes/runs.mjs";
import { renderer } from "./shapes/shape.mjs";

const MEGABYTES = Number(process.argv[2] ?? 32);
const ROUNDS = 10;

function texts(shape, recordOf) {
  const write = renderer(shape);
  const next = random(123456789);
  const rows = [];
  for (let size = 0, index = 0; size < MEGABYTES * 1e6; index++) {
    rows.push(write(recordOf(index, next, Number.POSITIVE_INFINITY)));
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

for (const [name, shape, recordOf, blob, rowsOfRun] of [
  ["history rows", HISTORY, historyRecord, "history", 1000],
  ["runs", RUNS, runRecord, "run", 1],
]) {
  const sample = texts(shape, recordOf);
  const speed = best(sample.bytes, () => profile(sample, blob, rowsOfRun));
  const loop = best(sample.bytes, () => plainLoop(sample));
  const [a, b, ratio] = [speed.toFixed(0), loop.toFixed(0), (speed / loop).toFixed(2)];
  console.log(`${name}: ${a} MB/s; plain byte loop ${b} MB/s; ratio ${ratio}`);
}

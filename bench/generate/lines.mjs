/**
 * Writes JSON Lines: `node bench/generate/lines.mjs SHAPE ROWS OUT [FIRST]`. Records are numbered from FIRST on (0 where it
 * is not given), so that a second file has new runs. The same arguments give the same bytes.
 */
import { closeSync, openSync, renameSync, writeFileSync } from "node:fs";
import { CARE_ROWS, HISTORY, historyRecord, LEFTOVERS, MISFITS } from "../shapes/history.mjs";
import { random } from "../shapes/random.mjs";
import { DISTINCT_PATHS, longRuns, RUNS, runRecord } from "../shapes/runs.mjs";
import { renderer } from "../shapes/shape.mjs";

const BUFFER = 1 << 22;

const SHAPES = {
  history: [HISTORY, historyRecord],
  care: [CARE_ROWS, historyRecord],
  misfits: [MISFITS, historyRecord],
  leftovers: [LEFTOVERS, historyRecord],
  runs: [RUNS, runRecord],
  paths: [DISTINCT_PATHS, runRecord],
};

/** `long:BYTES` is a run of so many bytes. */
function shapeNamed(name) {
  const [kind, bytes] = name.split(":");
  const found = kind === "long" ? [longRuns(Number(bytes)), runRecord] : SHAPES[kind];
  if (found === undefined)
    throw new Error(`No shape ${name}; there are ${Object.keys(SHAPES).join(", ")} and long:BYTES`);
  return found;
}

function writeLines(name, rows, out, first) {
  const [shape, recordOf] = shapeNamed(name);
  const write = renderer(shape);
  const next = random(123456789 + first);
  const file = openSync(out, "w");
  let text = "";
  for (let row = first; row < first + rows; row++) {
    text += `${write(recordOf(row, next, rows))}\n`;
    if (text.length < BUFFER) continue;
    writeFileSync(file, text);
    text = "";
  }
  writeFileSync(file, text);
  closeSync(file);
}

const [name, rows, out, first = "0"] = process.argv.slice(2);
const partial = `${out}.partial`;
writeLines(name, Number(rows), partial, Number(first));
renameSync(partial, out);

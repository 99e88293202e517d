/** H: history rows as JSON Lines. First import and export, then what a user does every day: the same again, and a little more. */
import { appendFileSync, copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { empty, hasRows, linesInput, ours, peer, seconds, time, withoutTables, wroteRows } from "../job.mjs";
import { duckdbPeer, pythonPeer } from "../peers/find.mjs";
import { HISTORY } from "../shapes/history.mjs";
import { declaredCopy, inferredCopy } from "../shapes/shape.mjs";

const ROWS_OF_RUN = 1000;
/** A file that has just been written is not vouched for, and read once more by the next sync; files of other days are not. */
const SETTLED_MS = 2500;
const settle = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLED_MS);

/** What W&B would say and the file does not. */
export const IDENTITY = ["--entity", "e", "--wandb-project", "p"];

function peers({ python, work }, input) {
  const out = join(work, "H-peer.parquet");
  const sql = (name) => join(work, `H-${name}.sql`);
  return {
    polars: peer(
      "polars",
      "polars, types of all rows",
      pythonPeer(python, "polars_lines.py", ["polars"], [input, out]),
    ),
    declared: peer(
      "declared",
      "",
      duckdbPeer(python, "DuckDB, declared columns", declaredCopy(HISTORY, input, out), sql("declared")),
    ),
    inferred: peer(
      "inferred",
      "",
      duckdbPeer(python, "DuckDB, types of all rows", inferredCopy(input, out), sql("inferred")),
    ),
    pandas: peer("pandas", "pandas", pythonPeer(python, "pandas_lines.py", ["pandas", "pyarrow"], [input, out]), true),
  };
}

function commands(rows, input, [second, appended], context) {
  const { work } = context;
  const project = join(work, "H");
  const file = join(work, "H.ndjson");
  const { polars, declared, inferred, pandas } = peers(context, input);
  const more = rows / 100;
  const reset = () => {
    empty(project)();
    copyFileSync(input, file);
    settle();
  };
  const append = () => appendFileSync(file, readFileSync(appended));
  const sync = (...paths) => ["sync", ...paths, ...IDENTITY];
  return [
    ours("sync", project, sync(file), { prepare: reset, expect: hasRows(rows) }),
    polars,
    ours("again", project, sync(file), { expect: hasRows(rows) }),
    declared,
    ours("export", project, ["export"], { prepare: withoutTables(project), expect: wroteRows("history", rows) }),
    inferred,
    ours("second", project, sync(file, second), { expect: hasRows(rows + more) }),
    ours("append", project, sync(file, second), { prepare: append, expect: hasRows(rows + 2 * more) }),
    pandas,
  ];
}

export function historyJob(context) {
  const rows = context.sizes.history;
  const more = rows / 100;
  const next = rows + Math.ceil(more / ROWS_OF_RUN) * ROWS_OF_RUN;
  const input = context.input(linesInput("H", "history", rows));
  const news = [
    context.input(linesInput("H-second", "history", more, rows)),
    context.input(linesInput("H-appended", "history", more, next)),
  ];
  return {
    name: "H",
    title: `${rows.toLocaleString("en")} history rows`,
    input,
    commands: commands(rows, input, news, context),
    claims: [
      time("first sync", "sync", "polars", 1),
      time("first sync", "sync", "inferred"),
      time("first sync", "sync", "pandas"),
      time("export", "export", "declared", 2),
      seconds("sync, nothing new", "again", 1.3, "about 1 s"),
      time("sync, 1 % new rows in a second file", "second", "sync", 0.1),
      time("sync, 1 % new rows appended", "append", "sync", 0.1),
    ],
  };
}

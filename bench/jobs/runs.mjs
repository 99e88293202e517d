/** R: runs as JSON Lines, wide and with conflicts. */
import { join } from "node:path";
import { empty, hasRuns, linesInput, ours, peer, seconds, time, withoutTables, wroteRows } from "../job.mjs";
import { duckdbPeer, pythonPeer } from "../peers/find.mjs";
import { RUNS } from "../shapes/runs.mjs";
import { declaredCopy, inferredCopy } from "../shapes/shape.mjs";

function commands(runs, input, second, { python, work }) {
  const project = join(work, "R");
  const out = join(work, "R-peer.parquet");
  const duckdb = (id, label, sql) => peer(id, "", duckdbPeer(python, label, sql, join(work, `R-${id}.sql`)));
  const more = runs / 100;
  return [
    ours("sync", project, ["sync", input], { prepare: empty(project), expect: hasRuns(runs) }),
    duckdb("inferred", "DuckDB, types of all rows", inferredCopy(input, out)),
    ours("again", project, ["sync", input], { expect: hasRuns(runs) }),
    duckdb("declared", "DuckDB, declared columns", declaredCopy(RUNS, input, out)),
    ours("export", project, ["export"], { prepare: withoutTables(project), expect: wroteRows("runs", runs) }),
    peer("polars", "polars, types of all rows", pythonPeer(python, "polars_lines.py", ["polars"], [input, out])),
    ours("second", project, ["sync", input, second], { expect: hasRuns(runs + more) }),
    peer("pandas", "pandas", pythonPeer(python, "pandas_lines.py", ["pandas", "pyarrow"], [input, out]), true),
  ];
}

export function runsJob(context) {
  const { runs } = context.sizes;
  const input = context.input(linesInput("R", "runs", runs));
  const second = context.input(linesInput("R-second", "runs", runs / 100, runs));
  return {
    name: "R",
    title: `${runs.toLocaleString("en")} runs of 415 paths`,
    input,
    commands: commands(runs, input, second, context),
    claims: [
      time("first sync", "sync", "inferred", 1),
      time("first sync", "sync", "polars"),
      time("first sync", "sync", "pandas"),
      time("export", "export", "declared", 2),
      seconds("sync, nothing new", "again", 1.3, "about 1 s"),
      time("sync, 1 % new runs in a second file", "second", "sync", 0.1),
    ],
  };
}

/** Worst cases, each against the plain job of the same size. */
import { join } from "node:path";
import { empty, hasRows, hasRuns, linesInput, ours, schemasOf, time } from "../job.mjs";
import { IDENTITY } from "./history.mjs";

const BYTES_OF_RUN = 6180;
const LIMIT = 3;

const CASES = [
  ["every row a care row", "care", "plain rows"],
  ["a misfit in every tenth row", "misfits", "plain rows"],
  ["a leftover object in every row", "leftovers", "plain rows"],
  ["one long record", "long", "plain runs of its size"],
  ["20,000 distinct paths", "paths", "plain runs"],
];

export function worstJob(context) {
  const { history: rows, runs, longBytes } = context.sizes;
  const project = (id) => join(context.work, `worst-${id.replaceAll(" ", "-")}`);
  const load = (id, input, expect, prepare = empty(project(id))) =>
    ours(id, project(id), ["sync", context.input(input), ...IDENTITY], { prepare, expect });
  const history = (id, shape, prepare) => load(id, linesInput(`H-${shape}`, shape, rows), hasRows(rows), prepare);
  const asLong = Math.ceil(longBytes / BYTES_OF_RUN);
  return {
    name: "worst",
    title: `worst cases, ${rows.toLocaleString("en")} rows, ${runs.toLocaleString("en")} runs, ${longBytes / 1e6} MB`,
    commands: [
      load("plain rows", linesInput("H", "history", rows), hasRows(rows)),
      history("care", "care"),
      history("misfits", "misfits", schemasOf(project("plain rows"), project("misfits"))),
      history("leftovers", "leftovers"),
      load("plain runs of its size", linesInput("R-as-long", "runs", asLong), hasRuns(asLong)),
      load("long", linesInput("R-long", `long:${longBytes}`, 1), hasRuns(1)),
      load("plain runs", linesInput("R", "runs", runs), hasRuns(runs)),
      load("paths", linesInput("R-paths", "paths", runs), hasRuns(runs)),
    ],
    claims: CASES.map(([what, own, other]) => time(what, own, other, LIMIT)),
  };
}

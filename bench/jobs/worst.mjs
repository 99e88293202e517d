/** Worst cases, each against the plain job of the same size. */
import { join } from "node:path";
import { empty, hasRows, hasRuns, ours, schemasOf, time } from "../job.mjs";
import { historyInput, IDENTITY } from "./history.mjs";
import { runsInput } from "./runs.mjs";

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
  const history = (id, shape, prepare) => load(id, historyInput(`H-${shape}`, shape, rows), hasRows(rows), prepare);
  const asLong = Math.ceil(longBytes / BYTES_OF_RUN);
  return {
    name: "worst",
    title: `worst cases, ${rows.toLocaleString("en")} rows, ${runs.toLocaleString("en")} runs, ${longBytes / 1e6} MB`,
    commands: [
      load("plain rows", historyInput("H", "history", rows), hasRows(rows)),
      history("care", "care"),
      history("misfits", "misfits", schemasOf(project("plain rows"), project("misfits"))),
      history("leftovers", "leftovers"),
      load("plain runs of its size", runsInput("R-as-long", "runs", asLong), hasRuns(asLong)),
      load("long", runsInput("R-long", `long:${longBytes}`, 1), hasRuns(1)),
      load("plain runs", runsInput("R", "runs", runs), hasRuns(runs)),
      load("paths", runsInput("R-paths", "paths", runs), hasRuns(runs)),
    ],
    claims: CASES.map(([what, own, other]) => time(what, own, other, LIMIT)),
  };
}

import { type Static, Type } from "@sinclair/typebox";
import type { Plan } from "../plan/plan.js";
import { infer } from "../profile/infer.js";
import { declaredPaths } from "../profile/infer-declared.js";
import { DEFAULT_THRESHOLDS, type Thresholds } from "../profile/infer-rules.js";
import type { Profile } from "../profile/profile.js";
import { HISTORY_STATUSES, type RunFact } from "./facts.js";
import { historyRows, newPathsByProject, runsByProject, tally } from "./report.js";

const closed = { additionalProperties: false } as const;
const count = (description: string) => Type.Integer({ minimum: 0, description });

const ProjectStatusSchema = Type.Object(
  {
    entity: Type.String(),
    project: Type.String(),
    runs: count("Runs."),
    states: Type.Record(Type.String(), Type.Integer(), { description: "Runs by state." }),
    history: Type.Object(
      Object.fromEntries(HISTORY_STATUSES.map((status) => [status, count(`Runs whose history is ${status}.`)])),
      {
        ...closed,
        description: "Runs by completeness of their history.",
      },
    ),
    history_rows: count("History rows that are here."),
    history_rows_expected: Type.Optional(count("W&B's own count of the runs that have one; absent when none has.")),
    last_import: Type.Optional(Type.String({ description: "When a run was imported last, RFC 3339 UTC." })),
    new_paths: count("Undeclared paths that its runs have, as `wandb-columns infer` counts them."),
    bytes: Type.Optional(count("Bytes of JSON text in the raw store; absent when unknown.")),
  },
  closed,
);
export type ProjectStatus = Static<typeof ProjectStatusSchema>;

export const STATUS_FORMAT = 1;

/** How each project stands. */
export const StatusSchema = Type.Object(
  {
    format: Type.Literal(STATUS_FORMAT),
    runs: count("Runs."),
    new_paths: count("Decisions that no schema has taken, all projects together."),
    projects: Type.Array(ProjectStatusSchema, { description: "In order of entity and project." }),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/status.schema.json" },
);
export type Status = Static<typeof StatusSchema>;

/** The sum of what is known; undefined when nothing is. */
function knownSum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function latest(texts: readonly (string | undefined)[]): string | undefined {
  return texts
    .filter((text) => text !== undefined)
    .reduce<string | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined);
}

function projectStatus(members: readonly RunFact[], newPaths: number): ProjectStatus[] {
  const [first] = members;
  if (first === undefined) return [];
  const expected = knownSum(members.map((run) => run.history_rows_expected));
  const bytes = knownSum(members.map((run) => run.bytes));
  const imported = latest(members.map((run) => run.fetched_at));
  const history = HISTORY_STATUSES.map((status) => [
    status,
    members.filter((run) => run.history_status === status).length,
  ]);
  return [
    {
      entity: first.entity,
      project: first.project,
      runs: members.length,
      states: tally(members.map((run) => run.state)),
      history: Object.fromEntries(history),
      history_rows: historyRows(members),
      ...(expected === undefined ? {} : { history_rows_expected: expected }),
      ...(imported === undefined ? {} : { last_import: imported }),
      new_paths: newPaths,
      ...(bytes === undefined ? {} : { bytes }),
    },
  ];
}

/** How each project stands: runs by state, completeness, last import, new paths, size. Pure. */
export function buildStatus(
  runs: readonly RunFact[],
  plan: Plan,
  profile: Profile,
  thresholds: Thresholds = DEFAULT_THRESHOLDS,
): Status {
  const patch = infer(profile, declaredPaths(plan), thresholds);
  const newPaths = newPathsByProject(profile, patch);
  return {
    format: STATUS_FORMAT,
    runs: runs.length,
    new_paths: patch.decisions.length,
    projects: runsByProject(runs).flatMap(([text, members]) => projectStatus(members, newPaths.get(text) ?? 0)),
  };
}

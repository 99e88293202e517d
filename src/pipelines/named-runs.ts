import type { RunKey } from "../blob.js";
import { CliError } from "../errors.js";
import { nearestWord } from "../schema/nearest.js";

/** What a name stands for. */
export interface NamedRuns {
  readonly kind: "run" | "project";
  /** `entity/project/run_id` or `entity/project`. */
  readonly name: string;
  readonly runs: readonly RunKey[];
}

export const runName = ({ entity, project, run_id }: RunKey): string => `${entity}/${project}/${run_id}`;
const projectName = ({ entity, project }: RunKey): string => `${entity}/${project}`;

function projectsOf(runs: readonly RunKey[]): NamedRuns[] {
  const projects = new Map<string, RunKey[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.entity, run.project]);
    projects.set(key, [...(projects.get(key) ?? []), run]);
  }
  return [...projects.values()].map((members) => ({
    kind: "project",
    name: projectName(members[0] as RunKey),
    runs: members,
  }));
}

function meanings(name: string, runs: readonly RunKey[]): NamedRuns[] {
  const single = runs.map((run): NamedRuns => ({ kind: "run", name: runName(run), runs: [run] }));
  const all = [...single, ...projectsOf(runs)];
  const full = all.filter((item) => item.name === name);
  // An empty text is what an unset variable gives, and never meant.
  if (full.length > 0 || name === "") return full;
  return all.filter(({ kind, runs: [first] }) => (kind === "run" ? first?.run_id : first?.project) === name);
}

function unknown(name: string, runs: readonly RunKey[]): CliError {
  const known = runs.flatMap((run) => [run.run_id, run.project, runName(run), projectName(run)]);
  const near = nearestWord(name, [...new Set(known)]);
  const next =
    near === undefined
      ? "`wandb-columns status` lists the projects; runs are in the table runs."
      : `Did you mean ${near}?`;
  return new CliError("forget/unknown", `No run and no project is called ${JSON.stringify(name)}.`, { next });
}

/**
 * The runs that a name stands for: `entity/project/run_id`, `entity/project`, or a run id or a project alone where only
 * one has it. Exact: never a part of a name.
 * @throws CliError `forget/unknown` with the nearest name; `forget/ambiguous` with all that it may stand for.
 */
export function runsNamed(name: string, runs: readonly RunKey[]): NamedRuns {
  const found = meanings(name, runs);
  const [first, ...others] = found;
  if (first === undefined) throw unknown(name, runs);
  if (others.length === 0) return first;
  const list = found.map((item) => `${item.kind} ${item.name}`).join(", ");
  throw new CliError("forget/ambiguous", `${JSON.stringify(name)} is the name of several: ${list}.`, {
    next: "Write one of them in full.",
  });
}

import { dirname, join, relative } from "node:path";
import { StoreError } from "../errors.js";
import { publishedColumns } from "../plan/record.js";
import { infer } from "../profile/infer.js";
import { type AppliedPatch, applyPatch, projectSchemas } from "../profile/infer-apply.js";
import { declaredPaths } from "../profile/infer-declared.js";
import type { SchemaPatch } from "../profile/infer-patch.js";
import type { Thresholds } from "../profile/infer-rules.js";
import type { Profile } from "../profile/profile.js";
import { NO_TWINS, type Twins } from "../profile/twins.js";
import type { RawStore } from "../store/raw-store.js";
import { writeDurably } from "../store/store-env.js";
import type { Environment, Limits } from "./environment.js";
import { type PlannedProject, type Project, planSchemas } from "./project.js";
import { findTwins } from "./twins.js";

/** What inference proposes for a project. Plain data. */
export interface Proposal {
  readonly patch: SchemaPatch;
  /** The schema files that would change, with ids and names of the new columns recorded. */
  readonly applied: AppliedPatch;
  /** The project as it would be then. */
  readonly planned: PlannedProject;
}

function withFiles(planned: PlannedProject, applied: AppliedPatch, checked: boolean): PlannedProject {
  const { schemas, plan } = planned;
  return planSchemas({ ...schemas, project: new Map([...schemas.project, ...applied.files]) }, plan.naming, checked);
}

/**
 * Proposes schemas for every path of a profile that no schema declares. Pure. The new columns are planned once without
 * ids and names, which then are recorded, so that they stay whatever is added later.
 */
export function propose(planned: PlannedProject, profile: Profile, thresholds: Thresholds, twins: Twins): Proposal {
  const patch = infer(profile, declaredPaths(planned.plan), thresholds, twins);
  if (patch.properties.size === 0) return { patch, applied: { files: new Map(), operations: [], kept: [] }, planned };
  const existing = projectSchemas(planned.registry);
  // What is checked is what is written.
  const unnamed = withFiles(planned, applyPatch(existing, patch), true);
  const applied = applyPatch(existing, patch, publishedColumns(unnamed.plan));
  return { patch, applied, planned: withFiles(planned, applied, false) };
}

/** Proposes schemas for what the raw store holds. Values are compared only when there is something to propose. */
export async function proposeFrom(
  store: RawStore,
  planned: PlannedProject,
  options: { readonly thresholds: Thresholds; readonly limits: Limits },
  env: Environment,
): Promise<Proposal> {
  const { thresholds, limits } = options;
  const profile = await store.profile();
  const open = infer(profile, declaredPaths(planned.plan), thresholds, NO_TWINS).properties.size > 0;
  const twins = open ? await findTwins(store, profile, limits, env) : NO_TWINS;
  return propose(planned, profile, thresholds, twins);
}

/** What `rename` fails with when something is in the way. */
const IN_THE_WAY: ReadonlySet<unknown> = new Set(["ENOTEMPTY", "EEXIST", "EPERM", "EACCES", "ENOTDIR"]);

/**
 * Writes the schemas of a project that has none: the folder gets its name when all files are in it, since a project with
 * only some of them would look like one whose owner wants no more. False when there is a folder already.
 */
async function writeAtOnce({ applied, planned }: Proposal, project: Project, env: Environment): Promise<boolean> {
  const { files } = env;
  const isFirst = [...planned.schemas.project.keys()].every((file) => applied.files.has(file));
  if (!isFirst || applied.files.size === 0) return false;
  const staged = `${project.schemas}.writing`;
  try {
    await files.rm(staged, { recursive: true, force: true });
    for (const [file, text] of applied.files) {
      const path = join(staged, relative(project.schemas, join(project.root, file)));
      await files.mkdir(dirname(path), { recursive: true });
      await writeDurably(files, path, text);
    }
    await files.rename(staged, project.schemas);
    return true;
  } catch (error) {
    await files.rm(staged, { recursive: true, force: true });
    if (error instanceof Error && "code" in error && IN_THE_WAY.has(error.code)) return false;
    throw error;
  }
}

/**
 * Merges a proposal into the project's schemas.
 * @throws StoreError `infer/built-in` in the repository of this package, whose schemas speak for every project.
 */
export async function writeProposal(proposal: Proposal, project: Project, env: Environment): Promise<void> {
  if (proposal.planned.schemas.isPackage) {
    throw new StoreError("infer/built-in", "This folder's schemas are the built-in ones; they are written by hand.", {
      where: { file: project.schemas },
      next: "Choose a project folder with --project DIR.",
    });
  }
  if (await writeAtOnce(proposal, project, env)) return;
  for (const [file, text] of proposal.applied.files) {
    const path = join(project.root, file);
    await env.files.mkdir(dirname(path), { recursive: true });
    await writeDurably(env.files, path, text);
  }
}

import { join } from "node:path";
import { StoreError } from "../errors.js";
import type { Finding } from "../finding.js";
import type { Naming } from "../plan/names.js";
import type { Plan } from "../plan/plan.js";
import { planText } from "../plan/plan-text.js";
import { planColumns } from "../plan/planner.js";
import { readSchemaFolder } from "../schema/read-folder.js";
import { loadRegistry, type Registry } from "../schema/registry.js";
import { openStore, type RawStore } from "../store/raw-store.js";
import { isMissing, type StoreEnv } from "../store/store-env.js";
import type { Environment, Limits } from "./environment.js";
import { hashText } from "./export-result.js";

/** The places of a project folder. */
export interface Project {
  readonly root: string;
  readonly config: string;
  readonly schemas: string;
  readonly generated: string;
  readonly raw: string;
  readonly tables: string;
  readonly report: string;
}

export function projectAt(root: string): Project {
  return {
    root,
    config: join(root, "wandb-columns.json"),
    schemas: join(root, "schemas"),
    generated: join(root, "generated"),
    raw: join(root, "raw"),
    tables: join(root, "tables"),
    report: join(root, "report"),
  };
}

/** The schemas that stand for a project. */
export interface ProjectSchemas {
  /** By path as people find it: `schemas/…` of the project, `wandb-columns/schemas/…` of this package. */
  readonly builtIn: ReadonlyMap<string, string>;
  readonly project: ReadonlyMap<string, string>;
  /** Whether the project's schemas folder is that of this package: the repository of wandb-columns. */
  readonly isPackage: boolean;
}

const OWN = "schemas";
const BUILT_IN = "wandb-columns/schemas";

async function folderTexts(env: Environment, folder: string, label: string): Promise<Map<string, string>> {
  try {
    return await readSchemaFolder(env.files, folder, label);
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
}

async function sameFolder(env: Environment, a: string, b: string): Promise<boolean> {
  const real = (path: string) =>
    env.files.realpath(path).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
  const [first, second] = [await real(a), await real(b)];
  return first !== undefined && first === second;
}

/**
 * Reads the built-in schemas and those of a project, which may have none. In the repository of this package the
 * project's schemas are the built-in ones.
 * @throws StoreError `project/built-in` when the package has lost its schemas.
 */
export async function readSchemas(project: Project, env: Environment): Promise<ProjectSchemas> {
  if (await sameFolder(env, project.schemas, env.builtInSchemas)) {
    return { builtIn: await folderTexts(env, project.schemas, OWN), project: new Map(), isPackage: true };
  }
  const builtIn = await folderTexts(env, env.builtInSchemas, BUILT_IN);
  if (builtIn.size === 0) {
    throw new StoreError("project/built-in", "The built-in schemas are missing from the installed package.", {
      where: { file: env.builtInSchemas },
      next: "Install wandb-columns again.",
    });
  }
  return { builtIn, project: await folderTexts(env, project.schemas, OWN), isPackage: false };
}

/** Schemas, and the columns that follow from them. */
export interface PlannedProject {
  readonly schemas: ProjectSchemas;
  readonly registry: Registry;
  readonly plan: Plan;
  /** Text of plan.json. */
  readonly planText: string;
  /** Names that had to be told apart. */
  readonly findings: readonly Finding[];
}

/**
 * Schemas to column plan. Pure.
 * @param checked whether the schemas are known to pass the checks of keywords and values.
 * @throws SchemaError with file, line and column.
 */
export function planSchemas(schemas: ProjectSchemas, naming: Naming, checked = false): PlannedProject {
  const registry = loadRegistry(schemas.builtIn, schemas.project, checked);
  const { plan, findings } = planColumns(registry, { naming });
  return { schemas, registry, plan, planText: planText(plan), findings };
}

/** Where a sync notes what `generated/` was made from: in the report folder, which nobody commits. */
export function generatedState(project: Project): string {
  return join(project.report, ".generated");
}

/** SHA-256 of all that columns are planned from, as that state has it. */
export function schemaInputs(schemas: ProjectSchemas, naming: Naming, version: string): string {
  const sorted = (texts: ReadonlyMap<string, string>) => [...texts].sort(([a], [b]) => (a < b ? -1 : 1));
  const inputs = [version, naming, sorted(schemas.builtIn), sorted(schemas.project)];
  return `${hashText(JSON.stringify(inputs))}\n`;
}

/** The text of a file; undefined when it is not there. */
export async function textOf(file: string, env: Environment): Promise<string | undefined> {
  try {
    return await env.files.readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Reads the schemas of a project and plans its columns. Schemas that this version has generated from before have passed
 * its checks, which take a fifth of the start of a command.
 * @throws SchemaError with file, line and column.
 */
export async function planProject(project: Project, env: Environment, naming: Naming): Promise<PlannedProject> {
  const schemas = await readSchemas(project, env);
  const known = await textOf(generatedState(project), env);
  return planSchemas(schemas, naming, known === schemaInputs(schemas, naming, env.version));
}

/**
 * Of the memory, what an engine of the store may take; the rest is for the texts on their way to it. Each may take all of
 * it: they do for a draft of one long text only, and such a draft goes alone.
 */
const SEGMENT_SHARE = 0.45;

/** What the raw store needs of an environment. */
export function storeEnv(env: Environment, limits: Limits): StoreEnv {
  const megabytes = (share: number): string => `${Math.floor((limits.memory * share) / 1e6)}MB`;
  const engine = { memory: megabytes(SEGMENT_SHARE) };
  const { now, files, machine, wait } = env;
  return { now, files, process: machine, wait, engine, mergeMemory: megabytes(0.6) };
}

/** Opens the raw store of a project for writing; it is created when it is not there. @throws StoreError */
export function openRaw(project: Project, env: Environment, limits: Limits): Promise<RawStore> {
  return openStore(project.raw, storeEnv(env, limits));
}

/**
 * Opens the raw store of a project for reading; undefined when nothing was ever imported. Creates nothing.
 * @throws StoreError when it is damaged.
 */
export async function readRaw(project: Project, env: Environment, limits: Limits): Promise<RawStore | undefined> {
  try {
    await env.files.stat(project.raw);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const store = await openStore(project.raw, storeEnv(env, limits));
  return store.manifest.versions.length === 0 ? undefined : store;
}

/** The same for what cannot do without data. @throws StoreError `project/no-data` when nothing was imported yet. */
export async function needRaw(project: Project, env: Environment, limits: Limits): Promise<RawStore> {
  const store = await readRaw(project, env, limits);
  if (store !== undefined) return store;
  throw new StoreError("project/no-data", "Nothing was imported into this project yet.", {
    where: { file: project.raw },
    next: "Run `wandb-columns sync PATH`, or choose another folder with --project DIR.",
  });
}

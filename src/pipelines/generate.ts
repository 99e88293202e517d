import { join } from "node:path";
import { checkGenerated, type GeneratedCheck, type GeneratedWrite, writeGenerated } from "../codegen/folder.js";
import { generateAll } from "../codegen/generate.js";
import { inPresentFormat } from "../file-format.js";
import { PLAN_FORMAT } from "../plan/plan.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { generatedState, type PlannedProject, type Project, planProject, schemaInputs, textOf } from "./project.js";

const PLAN = "plan.json";

/** What a newer version has generated is not made anew by this one. A plan.json that is no JSON is: it is only damaged. */
async function refuseNewer(project: Project, env: Environment): Promise<void> {
  const file = join(project.generated, PLAN);
  const text = await textOf(file, env);
  if (text === undefined) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return;
    throw error;
  }
  inPresentFormat(PLAN_FORMAT, value, file);
}

const SHIPPED_FOLDERS = ["types", "validators"];

/** What this package ships of generated files; nothing of use in its own repository, where all of them are made. */
async function shippedFiles({ schemas }: PlannedProject, env: Environment): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  if (schemas.isPackage) return texts;
  for (const folder of SHIPPED_FOLDERS) {
    const dir = join(env.builtInGenerated, folder);
    const names = await env.files.readdir(dir).catch((error: unknown): string[] => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const name of names) texts.set(`${folder}/${name}`, await env.files.readFile(join(dir, name), "utf8"));
  }
  return texts;
}

/** Everything that the schemas of a project give. */
async function generatedFiles(planned: PlannedProject, env: Environment): Promise<ReadonlyMap<string, string>> {
  return generateAll({ ...planned, shipped: await shippedFiles(planned, env) });
}

/**
 * schemas -> registry -> types, validators, column plan, DDL, docs -> generated/.
 * @throws SchemaError, `plan/newer-format` when a newer version has written generated/; StoreError
 */
export async function generate(planned: PlannedProject, project: Project, env: Environment): Promise<GeneratedWrite> {
  await refuseNewer(project, env);
  return writeGenerated(project.generated, await generatedFiles(planned, env), env.files);
}

/** Compares generated/ with what the schemas give, and changes nothing. @throws SchemaError, StoreError */
export async function checkProject(
  project: Project,
  env: Environment,
  naming: "snake" | "verbatim",
): Promise<GeneratedCheck> {
  await refuseNewer(project, env);
  const planned = await planProject(project, env, naming);
  return checkGenerated(project.generated, await generatedFiles(planned, env), env.files);
}

const UNTOUCHED: GeneratedWrite = { written: [], removed: [], foreign: [] };

/**
 * The same as `generate`, unless the last call here had the same schemas and version, and plan.json is still its own:
 * then nothing is made. Hand edits of other generated files are found by `checkProject` only.
 */
export async function generateIfNew(
  planned: PlannedProject,
  project: Project,
  env: Environment,
): Promise<GeneratedWrite> {
  const file = generatedState(project);
  const inputs = schemaInputs(planned.schemas, planned.plan.naming, env.version);
  const known = await textOf(file, env);
  if (known === inputs && (await textOf(join(project.generated, PLAN), env)) === planned.planText) {
    return UNTOUCHED;
  }
  const written = await generate(planned, project, env);
  await env.files.mkdir(project.report, { recursive: true });
  await env.files.writeFile(file, inputs);
  return written;
}

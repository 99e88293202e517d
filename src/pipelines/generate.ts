import { checkGenerated, type GeneratedCheck, type GeneratedWrite, writeGenerated } from "../codegen/folder.js";
import { generateAll } from "../codegen/generate.js";
import type { Environment } from "./environment.js";
import { type PlannedProject, planProject, type Project } from "./project.js";

/** Everything that a project's schemas give: path inside generated/ to text. Pure but for Ajv's own modules. */
function generated(planned: PlannedProject): Promise<ReadonlyMap<string, string>> {
  return generateAll(planned);
}

/** schemas -> registry -> types, validators, column plan, DDL, docs -> generated/. @throws SchemaError, StoreError */
export async function generate(planned: PlannedProject, project: Project, env: Environment): Promise<GeneratedWrite> {
  return writeGenerated(project.generated, await generated(planned), env.files);
}

/** Compares generated/ with what the schemas give, and changes nothing. @throws SchemaError, StoreError */
export async function checkProject(
  project: Project,
  env: Environment,
  naming: "snake" | "verbatim",
): Promise<GeneratedCheck> {
  const planned = await planProject(project, env, naming);
  return checkGenerated(project.generated, await generated(planned), env.files);
}

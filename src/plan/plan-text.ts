import { Ajv2020 } from "ajv/dist/2020.js";
import { SchemaError } from "../errors.js";
import { inPresentFormat } from "../file-format.js";
import { parsePointer } from "../json/pointer.js";
import { locate, nodeAt, parseDocument, type SchemaDocument } from "../schema/document.js";
import { PLAN_FORMAT, type Plan, PlanSchema } from "./plan.js";

/** The text of `plan.json`: JSON with two spaces and a newline at the end. Equal plans have equal texts. */
export function planText(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

function checkPlan(document: SchemaDocument, value: unknown): Plan {
  const ajv = new Ajv2020({ strict: false, logger: false });
  const validate = ajv.compile<Plan>(PlanSchema);
  if (validate(value)) return value;
  const error = validate.errors?.[0];
  const node = nodeAt(document.root, parsePointer(error?.instancePath ?? "")) ?? document.root;
  const extra: unknown = error?.params["additionalProperty"];
  const named = typeof extra === "string" ? ` (${extra})` : "";
  throw new SchemaError(
    "plan/form",
    `The plan is damaged: ${error?.instancePath || "the root"} ${error?.message}${named}.`,
    {
      where: locate(document, node.start),
      next: "Run `wandb-columns generate`; plan.json is never edited.",
    },
  );
}

/**
 * Reads a `plan.json`; one of an older format is migrated. `file` is its name for messages.
 * @throws SchemaError `plan/newer-format` when it was written in a later format, with the version to install; `plan/form` or `schema/json` when it is damaged,
 * with line and column.
 */
export function readPlan(text: string, file = "plan.json"): Plan {
  const document = parseDocument(file, text, "project");
  return checkPlan(document, inPresentFormat(PLAN_FORMAT, document.value, file));
}

import { Ajv2020 } from "ajv/dist/2020.js";
import { type Locator, SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import { locate, nodeAt, parseDocument, type SchemaDocument } from "../schema/document.js";
import { PLAN_FORMAT, type Plan, PlanSchema } from "./plan.js";

/** The text of `plan.json`: JSON with two spaces and a newline at the end. Equal plans have equal texts. */
export function planText(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

function refuseNewer(value: unknown, where: Locator): void {
  const format: unknown = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format !== "number" || format <= PLAN_FORMAT) return;
  throw new SchemaError(
    "plan/newer-format",
    `The plan has format ${format}; this version reads up to ${PLAN_FORMAT}.`,
    {
      where,
      next: `Install a version of wandb-columns that reads plan format ${format}: npm install wandb-columns@latest`,
    },
  );
}

function isPlanText(document: SchemaDocument): Plan {
  const ajv = new Ajv2020({ strict: false, logger: false });
  const validate = ajv.compile<Plan>(PlanSchema);
  const { value } = document;
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
 * Reads a `plan.json`. `file` is its name for messages.
 * @throws SchemaError `plan/newer-format` when a later version wrote it; `plan/form` or `schema/json` when it is damaged,
 * with line and column.
 */
export function readPlan(text: string, file = "plan.json"): Plan {
  const document = parseDocument(file, text, "project");
  refuseNewer(document.value, locate(document, 0));
  return isPlanText(document);
}

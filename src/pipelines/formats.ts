import type { TSchema } from "@sinclair/typebox";
import { PlanSchema } from "../plan/plan.js";
import { ReportSchema } from "../report/schema.js";
import { StatusSchema } from "../report/status.js";
import { KnownUnitsSchema } from "../store/known-units.js";
import { ManifestSchema } from "../store/manifest.js";
import { ConfigSchema } from "./config.js";
import { DatabaseManifestSchema } from "./database-manifest.js";
import {
  ExplainResultSchema,
  ExportPlanSchema,
  ExportResultSchema,
  GenerateResultSchema,
  ImportResultSchema,
  InferResultSchema,
  SourcesResultSchema,
  SyncResultSchema,
} from "./results.js";
import { TablesManifestSchema } from "./tables-manifest.js";
import { ForgetResultSchema, GcResultSchema } from "./upkeep-results.js";

/** JSON Schemas of all that the program reads and writes as JSON beside W&B's payloads, by file name. */
const FORMATS: Readonly<Record<string, TSchema>> = {
  "wandb-columns": ConfigSchema,
  plan: PlanSchema,
  report: ReportSchema,
  status: StatusSchema,
  "import-result": ImportResultSchema,
  "sources-result": SourcesResultSchema,
  "infer-result": InferResultSchema,
  "generate-result": GenerateResultSchema,
  "explain-result": ExplainResultSchema,
  "export-plan": ExportPlanSchema,
  "export-result": ExportResultSchema,
  "sync-result": SyncResultSchema,
  "gc-result": GcResultSchema,
  "forget-result": ForgetResultSchema,
  "raw-manifest": ManifestSchema,
  "raw-sources": KnownUnitsSchema,
  "tables-manifest": TablesManifestSchema,
  "database-manifest": DatabaseManifestSchema,
};

/** The published JSON Schemas (draft 2020-12): file name to text. */
export function formatSchemas(): ReadonlyMap<string, string> {
  const text = (schema: TSchema): string =>
    `${JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...schema }, null, 2)}\n`;
  return new Map(Object.entries(FORMATS).map(([name, schema]) => [`${name}.schema.json`, text(schema)]));
}

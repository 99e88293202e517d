/**
 * wandb-columns as a library: all that the command line does is a call of these.
 *
 *     const env = nodeEnvironment();
 *     const project = projectAt("analysis");
 *     const { plan } = await planProject(project, env, "snake");
 *
 * Pure: `loadRegistry`, `planColumns`, `shapeRecord`, `flattenRecord`, `generateAll`, `explain`.
 * The others read and write through the `Environment` that they are given. `openTables` gives the tables to Arquero.
 */

export { generateAll } from "./codegen/generate.js";
export { SchemaError, SourceError, StoreError, WandbColumnsError } from "./errors.js";
export { type GetOptions, type OpenedTables, type OpenOptions, openTables } from "./explore/open-tables.js";
export type { ColumnAbout, TableAbout } from "./explore/table-about.js";
export { FINDING_CODES, type Finding, type Severity } from "./finding.js";
export { flattenRecord } from "./flatten/flatten.js";
export { shapeRecord } from "./flatten/shape.js";
export type { Environment, Limits, Progress } from "./pipelines/environment.js";
export { type ExportOptions, exportTables } from "./pipelines/export.js";
export { type DatabaseOptions, exportDatabase } from "./pipelines/export-database.js";
export type { ExportResult } from "./pipelines/export-result.js";
export { importSources } from "./pipelines/import.js";
export { proposeFrom } from "./pipelines/infer.js";
export { nodeEnvironment } from "./pipelines/node-environment.js";
export { openRaw, type PlannedProject, type Project, planProject, projectAt } from "./pipelines/project.js";
export { type RebuildOptions, rebuildTables } from "./pipelines/rebuild.js";
export { recogniseSources } from "./pipelines/recognise.js";
export { makeReport } from "./pipelines/report.js";
export type { SinkAddress } from "./pipelines/sink-address.js";
export { type Synced, type SyncOptions, sync } from "./pipelines/sync.js";
export type { TableOptions } from "./pipelines/table-options.js";
export type { Column, LogicalType, Plan, Table } from "./plan/plan.js";
export { readPlan } from "./plan/plan-text.js";
export { planColumns } from "./plan/planner.js";
export type { Profile } from "./profile/profile.js";
export { explain } from "./report/explain.js";
export { loadRegistry, type Registry } from "./schema/registry.js";

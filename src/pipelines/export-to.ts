import { join } from "node:path";
import type { Plan } from "../plan/plan.js";
import type { RawStore } from "../store/raw-store.js";
import { ENGINE_FOLDER, type Environment, type Limits, type Progress } from "./environment.js";
import { exportTables } from "./export.js";
import { exportDatabase } from "./export-database.js";
import type { ExportResult } from "./export-result.js";
import type { SinkAddress } from "./sink-address.js";
import type { TableOptions } from "./table-options.js";

/** Where tables go, and how they are kept. */
export interface SinkRequest {
  readonly sink: SinkAddress;
  readonly tableOptions: TableOptions;
  readonly limits: Limits;
  readonly progress: Progress;
  /** Called, maybe often, when JavaScript has done its share of some rows, and the engine is at work. */
  readonly onEngine?: (() => void) | undefined;
}

/** Writes the tables of a plan from the raw store to a sink. @throws as `exportTables` and `exportDatabase` */
export function exportTo(
  store: RawStore,
  plan: Plan,
  { sink, tableOptions, limits, progress, onEngine }: SinkRequest,
  env: Environment,
): Promise<ExportResult> {
  const parts = (done: number, total: number): void => progress("export", "parts", done, total);
  const common = { store, plan, ...limits, progress: parts, signal: env.signal, env, onEngine };
  if (sink.kind === "duckdb") return exportDatabase({ ...common, file: sink.file, history: tableOptions.history });
  return exportTables({ ...common, dir: sink.dir, options: tableOptions, temp: join(sink.dir, ENGINE_FOLDER) });
}

import { createHash } from "node:crypto";
import { type Finding, finding } from "../finding.js";
import type { RawStore } from "../store/raw-store.js";
import { completenessFindings, factsOf } from "./run-facts.js";

/** What an export did. Plain data. */
export interface ExportResult {
  /** Files are relative to the folder that holds them. */
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly files: readonly string[] }[];
  readonly careRecords: number;
  readonly findings: readonly Finding[];
  /** Nothing was new: no table was touched. */
  readonly skipped: boolean;
}

type Runs = ReturnType<RawStore["runs"]>;

export const hashText = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Tells whether the computed cells of the runs are the same. */
export function factsHash(runs: Runs): string {
  const cells = factsOf(runs).map((run) => [...run.cells].map(([name, value]) => [name, String(value)]));
  return hashText(JSON.stringify(cells));
}

function misfitFindings(count: number): Finding[] {
  const message = "Values do not fit their column's type; the table misfits lists them, the residual keeps them.";
  return count === 0 ? [] : [finding("value/misfit", message, { count })];
}

/** The result of an export; to the findings of its records come those of misfits and of runs that are not complete. */
export function exportResultOf(written: ExportResult, runs: Runs): ExportResult {
  const misfits = written.tables.find((table) => table.name === "misfits")?.rows ?? 0;
  const findings = [...written.findings, ...runs.flatMap(completenessFindings), ...misfitFindings(misfits)];
  return { ...written, findings };
}

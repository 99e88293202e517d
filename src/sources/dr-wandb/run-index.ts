/** Run id, entity and project of one row of a metadata file; '' where they are NULL or no column. */
export interface KeyRow {
  readonly run_id: string;
  readonly entity: string;
  readonly project: string;
}

/** One run and where it stands in each metadata file. */
export interface RunEntry extends KeyRow {
  /** Place among the runs. */
  readonly ord: number;
  /** For each file the 0-based row; undefined when the file does not have the run. */
  readonly rows: (number | undefined)[];
  /** Further rows of the same run. */
  readonly repeats: { readonly file: number; readonly row: number }[];
}

/**
 * Brings the rows of several metadata files together. In the first file a run is known by run id, entity and project;
 * the files of components have the run id only and belong to the first run of that id.
 * @param files for each file its rows in file order.
 */
export function indexRuns(files: readonly (readonly KeyRow[])[]): RunEntry[] {
  const entries: RunEntry[] = [];
  const byKey = new Map<string, RunEntry>();
  const byRunId = new Map<string, RunEntry>();
  const find = (file: number, { run_id, entity, project }: KeyRow): RunEntry => {
    const key = JSON.stringify([run_id, entity, project]);
    const known = file === 0 ? byKey.get(key) : byRunId.get(run_id);
    if (known !== undefined) return known;
    const entry: RunEntry = { run_id, entity, project, ord: entries.length, rows: [], repeats: [] };
    entries.push(entry);
    byKey.set(key, entry);
    if (!byRunId.has(run_id)) byRunId.set(run_id, entry);
    return entry;
  };
  for (const [file, rows] of files.entries()) {
    for (const [row, key] of rows.entries()) {
      const entry = find(file, key);
      if (entry.rows[file] === undefined) entry.rows[file] = row;
      else entry.repeats.push({ file, row });
    }
  }
  return entries;
}

/** Whether the runs stand in a file in the order of the entries. */
export function isInOrder(entries: readonly RunEntry[], file: number): boolean {
  const rows = entries.flatMap((entry) => entry.rows[file] ?? []);
  return rows.every((row, i) => i === 0 || (rows[i - 1] as number) < row);
}

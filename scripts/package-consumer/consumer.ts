/** Uses the types of the package as a strict TypeScript program does; it is only compiled. */
import {
  type Column,
  type Finding,
  flattenRecord,
  nodeEnvironment,
  openTables,
  type Plan,
  planProject,
  projectAt,
  type Synced,
  type SyncOptions,
  shapeRecord,
  sync,
} from "wandb-columns";

export async function columnsOf(root: string): Promise<readonly Column[]> {
  const { plan } = await planProject(projectAt(root), nodeEnvironment(), "snake");
  return plan.tables.flatMap((table) => table.columns);
}

export async function errorsOf(root: string, options: SyncOptions): Promise<readonly Finding[]> {
  const synced: Synced = await sync(projectAt(root), options, nodeEnvironment());
  return synced.findings.filter(({ severity }) => severity === "error");
}

export function rowsOf(plan: Plan, text: string): ReturnType<typeof flattenRecord>["rows"] {
  const key = { entity: "lab", project: "mnist", run_id: "r1" };
  const record = {
    kind: "history",
    key,
    step: 0n,
    ordinal: 0n,
    blobs: { history: text },
    computed: new Map(),
  } as const;
  return flattenRecord(shapeRecord(plan, "history"), record).rows;
}

export async function lossesOf(dir: string): Promise<number> {
  const history = await (await openTables(dir)).get("history", { columns: ["loss"], timestamps: "micros" });
  return history.filter((row: { loss: number | null }) => row.loss !== null).numRows();
}

// @ts-expect-error A severity is one of a closed list: were the types lost, this would be no error.
export const wrong: Finding["severity"] = "fatal";

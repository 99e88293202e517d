import type { RunKey } from "../blob.js";
import { StoreError } from "../errors.js";

/** What the folders of a table may be divided by. */
export const PARTITIONS = ["none", "project"] as const;

/** Columns that may stand in the names of folders, in the order of the path. */
export const PARTITION_COLUMNS = ["entity", "project"] as const;
export type PartitionColumn = (typeof PARTITION_COLUMNS)[number];

/** The columns whose values are in the names of folders; none when tables are not divided. */
export type Partition = readonly PartitionColumn[];

/** By project, and by entity too when the runs are of several. */
export function partitionOf(by: (typeof PARTITIONS)[number], runs: readonly { readonly key: RunKey }[]): Partition {
  if (by === "none") return [];
  return new Set(runs.map(({ key }) => key.entity)).size > 1 ? ["entity", "project"] : ["project"];
}

/** What a reader of such paths may take for something else. Characters beyond ASCII stay: Spark would decode their bytes. */
const UNSAFE = /[^A-Za-z0-9._~\u0080-\u{10ffff}-]/gu;
/** Most bytes of a folder's name that file systems take. */
const LONGEST_NAME = 255;

/** Values that readers take for a missing one: DuckDB the word in any case, every reader the name that Hive gave it. */
const MISSING = /^(?:null|__HIVE_DEFAULT_PARTITION__)$/i;

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

function segment(column: PartitionColumn, value: string): string {
  const spelled = MISSING.test(value) ? percent(value.slice(0, 1)) + value.slice(1) : value.replace(UNSAFE, percent);
  const name = `${column}=${spelled}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  throw new StoreError(
    "tables/partition",
    `The ${column} ${JSON.stringify(value)} is too long for the name of a folder.`,
    {
      next: "Export without --partition-by project.",
    },
  );
}

/**
 * The folder of a partition below that of its table: `project=…` or `entity=…/project=…`, values percent-encoded as Hive
 * style paths are.
 * @throws StoreError `tables/partition` when a name is longer than file systems allow.
 */
export function partitionFolder(partition: Partition, key: Pick<RunKey, PartitionColumn>): string {
  return partition.map((column) => segment(column, key[column])).join("/");
}

const ESCAPE = /%([0-7][0-9A-Fa-f])/g;
const character = (_: string, hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));

const SEGMENT = /^(entity|project)=(.*)$/s;

/** Whether a folder is one of a partition. */
export const isPartitionFolder = (name: string): boolean => SEGMENT.test(name);

/** The values that the path of a file, relative to the tables folder, has in the names of its folders. */
export function partitionValues(file: string): ReadonlyMap<PartitionColumn, string> {
  const found = file.split("/").flatMap((name): [PartitionColumn, string][] => {
    const match = SEGMENT.exec(name);
    return match === null ? [] : [[match[1] as PartitionColumn, (match[2] ?? "").replace(ESCAPE, character)]];
  });
  return new Map(found);
}

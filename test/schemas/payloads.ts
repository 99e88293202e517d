import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { readJson } from "../../src/json/read.js";
import { plainValue } from "../../src/schema/document.js";
import { nodeFiles } from "../../src/sources/wandb-folder/files.js";
import { importWandbFolders } from "../../src/sources/wandb-folder/import-folders.js";
import type { LogKey, RecordWriter, RunBlobs } from "../../src/store/raw-record.js";
import { isObject } from "./built-in.js";

const DATA = fileURLToPath(new URL("../data/", import.meta.url));

/** One payload and the schema that describes it, such as `config` or `config#/$defs/wrapped`. */
export interface Payload {
  readonly schema: string;
  readonly place: string;
  readonly value: unknown;
}

/** JSON text as plain values; NaN and infinities are numbers. */
export function parse(text: string): unknown {
  return plainValue(readJson(text), text);
}

const COLUMNS: readonly (readonly [column: string, schema: string])[] = [
  ["config", "config"],
  ["summary", "summary"],
  ["wandb_metadata", "system-info"],
  ["system_metrics", "system-metrics"],
  ["system_attrs", "run"],
];

const HISTORY: Record<string, string> = { step: "_step", timestamp: "_timestamp", runtime: "_runtime" };

async function rowsOf(file: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll("FROM read_parquet($file)", { file })).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function runPayloads(row: Record<string, unknown>): Payload[] {
  const place = `dr_wandb ${String(row["run_id"])}`;
  const blobs = COLUMNS.flatMap(([column, schema]) => {
    const text = row[column];
    return typeof text === "string" && text !== "null" ? [{ schema, place, value: parse(text) }] : [];
  });
  const node = blobs.find(({ schema }) => schema === "run")?.value;
  if (!isObject(node)) return blobs;
  return [
    ...blobs,
    { schema: "history-keys", place, value: node["historyKeys"] },
    { schema: "config#/$defs/wrapped", place, value: node["rawconfig"] },
  ];
}

/** What the export of dr_wandb holds. */
export async function exportPayloads(): Promise<Payload[]> {
  const folder = join(DATA, "dr_wandb_export");
  const runs = await rowsOf(join(folder, "runs_metadata.parquet"));
  const history = await rowsOf(join(folder, "runs_history.parquet"));
  const rows = history.map(({ run_id, ...row }) => ({
    schema: "history-row",
    place: `dr_wandb history ${String(run_id)}`,
    value: Object.fromEntries(
      Object.entries(row)
        .filter(([, cell]) => cell !== null)
        .map(([key, cell]) => [HISTORY[key] ?? key, typeof cell === "bigint" ? Number(cell) : cell]),
    ),
  }));
  return [...runs.flatMap(runPayloads), ...rows];
}

type Branch = Map<string, Branch | { readonly leaf: unknown }>;

function plant(tree: Branch, path: readonly string[], leaf: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) throw new RangeError("An item has no path");
  if (rest.length === 0) {
    tree.set(key, { leaf });
    return;
  }
  const below = tree.get(key);
  const branch: Branch = below instanceof Map ? below : new Map();
  tree.set(key, branch);
  plant(branch, rest, leaf);
}

function grown(tree: Branch): unknown {
  return Object.fromEntries([...tree].map(([key, node]) => [key, node instanceof Map ? grown(node) : node.leaf]));
}

interface Expected {
  readonly config: readonly [string[], string][];
  readonly summary: readonly [string[], string][];
  readonly history: readonly { readonly items: readonly [string[], string][] }[];
  readonly stats: readonly { readonly items: readonly [string, string][] }[];
  readonly environment: unknown;
}

function treeOf(items: readonly [string[], string][]): unknown {
  const tree: Branch = new Map();
  for (const [path, text] of items) plant(tree, path, parse(text));
  return grown(tree);
}

function logPayloads(file: string): Payload[] {
  const place = file.slice(DATA.length);
  const expected = JSON.parse(readFileSync(file, "utf8")) as Expected;
  const events = expected.stats.map(({ items }) =>
    Object.fromEntries(items.map(([key, text]) => [`system.${key}`, parse(text)])),
  );
  return [
    { schema: "config", place, value: treeOf(expected.config) },
    { schema: "summary", place, value: treeOf(expected.summary) },
    { schema: "system-info", place, value: expected.environment },
    ...expected.history.map(({ items }) => ({ schema: "history-row", place, value: treeOf(items) })),
    ...events.map((value) => ({ schema: "system-event", place, value })),
  ];
}

const FILES: readonly (readonly [name: RegExp, read: (file: string) => Payload[]])[] = [
  [/(^|\.)expected\.json$/, logPayloads],
  [/^wandb-metadata\.json$/, (file) => [payloadOf("system-info", file)]],
  [/^wandb-summary\.json$/, (file) => [payloadOf("summary", file)]],
];

function payloadOf(schema: string, file: string): Payload {
  return { schema, place: file.slice(DATA.length), value: parse(readFileSync(file, "utf8")) };
}

/** What the logs and files of the SDK in `test/data/<folder>` hold. */
export function sdkPayloads(folder: string): Payload[] {
  return readdirSync(join(DATA, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .sort((a, b) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1))
    .flatMap((entry) => {
      const reader = FILES.find(([name]) => name.test(entry.name))?.[1];
      return reader === undefined ? [] : reader(join(entry.parentPath, entry.name));
    });
}

const SCHEMA_OF_BLOB: Record<keyof RunBlobs, string> = {
  run: "run",
  config: "config",
  summary: "summary",
  system_info: "system-info",
  system_metrics: "system-metrics",
};

/** Keeps what a source writes as payloads. */
class PayloadWriter implements RecordWriter {
  readonly payloads: Payload[] = [];
  private place = "";

  private keep(schema: string, bytes: Uint8Array): void {
    this.payloads.push({ schema, place: this.place, value: parse(new TextDecoder().decode(bytes)) });
  }

  begin(log: LogKey): void {
    this.place = `${log.source} ${log.run_id} ${log.start}`;
  }

  history(_step: bigint | undefined, bytes: Uint8Array, from: number, to: number): void {
    this.keep("history-row", bytes.subarray(from, to));
  }

  systemEvent(bytes: Uint8Array, from: number, to: number): void {
    this.keep("system-event", bytes.subarray(from, to));
  }

  async end(blobs: RunBlobs): Promise<void> {
    for (const [blob, schema] of Object.entries(SCHEMA_OF_BLOB)) {
      const bytes = blobs[blob as keyof RunBlobs];
      if (bytes !== undefined) this.keep(schema, bytes);
    }
  }

  async flush(): Promise<void> {}

  finding(): void {}
}

/** What the import of the logs in `test/data/<folder>` writes. */
export async function importedPayloads(folder: string): Promise<Payload[]> {
  const writer = new PayloadWriter();
  await importWandbFolders([join(DATA, folder)], writer, {}, nodeFiles);
  return writer.payloads;
}

/** Every object with a `_type` inside a payload, outermost first. */
export function typedValues({ place, value }: Payload): Payload[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => typedValues({ schema: "", place, value: item }));
  if (!isObject(value)) return [];
  const inside = Object.values(value).flatMap((item) => typedValues({ schema: "", place, value: item }));
  return typeof value["_type"] === "string" ? [{ schema: "typed-value", place, value }, ...inside] : inside;
}

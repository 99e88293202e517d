import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BLOBS, RECORD_KINDS } from "../../src/blob.js";
import { proveBlob } from "../../src/engines/duckdb/prove.js";
import { WandbColumnsError } from "../../src/errors.js";
import { shapeBlob } from "../../src/flatten/shape.js";
import { readConfig } from "../../src/pipelines/config.js";
import { readTablesManifest } from "../../src/pipelines/tables-manifest.js";
import { planColumns } from "../../src/plan/planner.js";
import { infer } from "../../src/profile/infer.js";
import { declaredPaths } from "../../src/profile/infer-declared.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { mergeProfiles } from "../../src/profile/merge.js";
import { readProfile, writeProfile } from "../../src/profile/serialize.js";
import { loadRegistry } from "../../src/schema/registry.js";
import { liveRuns, liveVersions } from "../../src/store/live.js";
import { readManifest } from "../../src/store/manifest.js";
import { planOf } from "../flatten/hostile.js";
import { encode, profileOf, runKey } from "../profile/documents.js";
import { mutate } from "./mutate.js";
import { realTexts } from "./real-data.js";
import { must, type Target, Violation } from "./target.js";

const SCHEMAS = join(process.cwd(), "schemas");

function schemaTexts(): Map<string, string> {
  const names = readdirSync(SCHEMAS).filter((name) => name.endsWith(".schema.json"));
  return new Map(names.map((name) => [`wandb-columns/schemas/${name}`, readFileSync(join(SCHEMAS, name), "utf8")]));
}

const builtIn = schemaTexts();
const plan = planOf([{ path: ["a"], type: "float64" }], [{ path: ["loss"], type: "int64" }], "float64");

/** Readers of our own files, each with what is done with what they accept. */
const READERS = {
  profile(text: string): void {
    const profile = readProfile(text);
    must(
      writeProfile(readProfile(writeProfile(profile))) === writeProfile(profile),
      "a profile is written as it was read",
    );
    mergeProfiles(profile, profile);
    infer(profile, declaredPaths(plan), DEFAULT_THRESHOLDS);
    for (const blob of BLOBS) {
      const about = profile.blobs[blob];
      if (about !== undefined) proveBlob(blob, shapeBlob(plan, blob).root, about);
    }
  },
  manifest(text: string): void {
    const { versions } = readManifest(text, "raw/manifest.json");
    liveRuns(versions);
    for (const kind of RECORD_KINDS) liveVersions(versions, kind);
  },
  tables: (text: string): unknown => readTablesManifest(text, "tables/manifest.json"),
  config: (text: string): unknown => readConfig(text, "wandb-columns.json"),
  schema(text: string): void {
    planColumns(loadRegistry(builtIn, new Map([["schemas/config.schema.json", text]])), { naming: "snake" });
  },
} as const;

type Reader = keyof typeof READERS;
const NAMES = Object.keys(READERS) as Reader[];

const MANIFEST = {
  format: 1,
  revision: 3,
  nextVersion: 3,
  nextSegment: 4,
  versions: [1, 2].map((id) => ({
    id,
    log: { entity: "e", project: "p", run_id: "r", source: "wandb-log", start: `2024-01-0${id}T00:00:00Z` },
    digest: "0".repeat(64),
    state: "complete",
    rows: { history: 2, system_event: 0 },
    fetched_at: "2024-01-01T00:00:00.000Z",
    findings: [{ code: "run/growing", severity: "warning", message: "m" }],
  })),
  segments: [
    {
      file: "run/000001.parquet",
      kind: "run",
      rows: 2,
      bytes: 10,
      first: { entity: "e", project: "p", run_id: "r", log: "" },
      last: { entity: "e", project: "p", run_id: "r", log: "" },
      versions: [{ id: 1, rows: 1 }],
      profile: { file: "run/000001.profile.json", versions: [1] },
    },
  ],
};

const TABLES = {
  format: 1,
  plan: "0".repeat(64),
  facts: "0".repeat(64),
  nextPart: 2,
  dictionary: 3,
  parts: [],
  pending: [],
};

const CONFIG = {
  sources: ["wandb"],
  onNew: "add",
  memory: "2GB",
  threads: 2,
  thresholds: { maxDepth: 4, minFill: 0.5 },
};

let originals: Map<Reader, string[]> | undefined;

async function makeOriginals(): Promise<Map<Reader, string[]>> {
  const texts = await realTexts();
  const profiles = [texts.slice(0, 5), texts.slice(5, 40), texts].map((some, k) =>
    writeProfile(
      profileOf(
        some.map((text, i) => ({
          run: runKey(`r${i % (k + 1)}`),
          blob: i % 2 === 0 ? "config" : "history",
          bytes: encode(text),
        })),
      ),
    ),
  );
  return new Map<Reader, string[]>([
    ["profile", profiles],
    ["manifest", [JSON.stringify(MANIFEST)]],
    ["tables", [JSON.stringify(TABLES)]],
    ["config", [JSON.stringify(CONFIG)]],
    ["schema", [...builtIn.values()]],
  ]);
}

/** Readers of the project's own JSON files. The first line of a case names the reader. */
export const jsonFiles: Target = {
  name: "json-files",
  extension: "txt",
  async make(random) {
    originals ??= await makeOriginals();
    const reader = random.pick(NAMES);
    const text = random.pick(originals.get(reader) ?? [""]);
    return Buffer.concat([Buffer.from(`${reader}\n`), mutate(Buffer.from(text), random)]);
  },
  check(bytes) {
    const text = Buffer.from(bytes).toString("utf8");
    const end = text.indexOf("\n");
    const read = READERS[text.slice(0, end) as Reader];
    if (read === undefined) throw new Violation(`no reader ${text.slice(0, end)}`);
    try {
      read(text.slice(end + 1));
    } catch (error) {
      if (!(error instanceof WandbColumnsError)) throw error;
      must(error.message.length < 2000, `a message of ${error.message.length} characters`);
    }
  },
};

import { type Static, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { RECORD_KINDS } from "../blob.js";
import { StoreError } from "../errors.js";
import { type FileFormat, formatHeader, inPresentFormat } from "../file-format.js";
import { FindingSchema } from "./finding-schema.js";
import { withTextBytes } from "./manifest-migrations.js";
import { type LogState, SOURCES } from "./raw-record.js";
import { SegmentKeySchema } from "./segment-key.js";

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Id = Type.Integer({ minimum: 1 });

function oneOf<T extends string>(values: readonly T[]) {
  return Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));
}

export const LOG_STATES = ["complete", "growing", "damaged"] as const satisfies readonly LogState[];

/** One imported log as it stood when it was imported. A log that changed is imported again under a new id. */
export const VersionSchema = Type.Object(
  {
    id: Id,
    log: Type.Object(
      {
        entity: Type.String(),
        project: Type.String(),
        run_id: Type.String(),
        source: oneOf(SOURCES),
        start: Type.String(),
      },
      closed,
    ),
    digest: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of its records, steps, blobs and state." }),
    state: oneOf(LOG_STATES),
    rows: Type.Object({ history: Count, system_event: Count }, closed),
    dropped: Type.Optional(
      Type.Array(oneOf(RECORD_KINDS), {
        description: "Kinds whose rows gc has removed, since those of another source count.",
      }),
    ),
    expectedRows: Type.Optional(Count),
    fetched_at: Type.String({ description: "ISO 8601, UTC." }),
    findings: Type.Array(FindingSchema, { description: "What was found while this log was imported." }),
  },
  closed,
);
export type Version = Static<typeof VersionSchema>;

/** One immutable Parquet file. `file` and `profile.file` are relative to the store, with `/`. */
export const SegmentSchema = Type.Object(
  {
    file: Type.String(),
    kind: oneOf(RECORD_KINDS),
    rows: Count,
    bytes: Type.Integer({ minimum: 0, description: "Size of the file." }),
    first: SegmentKeySchema,
    last: SegmentKeySchema,
    versions: Type.Array(
      Type.Object(
        { id: Id, rows: Count, text: Type.Integer({ minimum: 0, description: "Bytes of JSON text." }) },
        closed,
      ),
      { description: "Every version that has rows in the file, those that were replaced since included; by id." },
    ),
    profile: Type.Object(
      { file: Type.String(), versions: Type.Array(Id, { description: "The versions whose rows it describes." }) },
      closed,
    ),
  },
  closed,
);
export type Segment = Static<typeof SegmentSchema>;

/** Formats of `raw/manifest.json`, which stands for the whole raw store. */
export const MANIFEST_FORMAT: FileFormat = {
  readableFrom: ["0.1.0", "0.2.0"],
  migrations: [withTextBytes],
  error: (message, details) => new StoreError("store/format", message, details),
};

/** `raw/manifest.json`: all that is in the store. Files it does not name do not exist for a reader. */
export const ManifestSchema = Type.Object(
  {
    format: Type.Literal(2),
    readableFrom: Type.String({ description: "The first version of wandb-columns that reads this format." }),
    revision: Type.Integer({ minimum: 0, description: "Goes up by one with every commit." }),
    nextVersion: Id,
    nextSegment: Id,
    versions: Type.Array(VersionSchema),
    segments: Type.Array(SegmentSchema),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/raw-manifest.schema.json" },
);
export type Manifest = Static<typeof ManifestSchema>;

/** The first members of a manifest that is written now. */
export function manifestHeader(): Pick<Manifest, "format" | "readableFrom"> {
  const { readableFrom = "" } = formatHeader(MANIFEST_FORMAT);
  return { format: 2, readableFrom };
}

/** The manifest of a store that holds nothing. */
export function emptyManifest(): Manifest {
  const { format, readableFrom } = manifestHeader();
  return { format, readableFrom, revision: 0, nextVersion: 1, nextSegment: 1, versions: [], segments: [] };
}

/** The text of a manifest: JSON, one version or segment a line, newline at the end. */
export function manifestText(manifest: Manifest): string {
  const { versions, segments, ...head } = manifest;
  const lines = (items: readonly unknown[]) => items.map((item) => `\n${JSON.stringify(item)}`).join(",");
  return `${JSON.stringify(head).slice(0, -1)},"versions":[${lines(versions)}],\n"segments":[${lines(segments)}]}\n`;
}

function damaged(file: string, message: string, cause?: unknown): StoreError {
  return new StoreError("store/manifest", `${file} is not a raw store's manifest: ${message}`, {
    where: { file },
    next: "Restore it from a backup, or move the raw folder away and import the sources again.",
    cause,
  });
}

let compiled: TypeCheck<typeof ManifestSchema> | undefined;

/** Compiled, since a manifest may name a hundred thousand logs. */
function isManifest(value: unknown): value is Manifest {
  compiled ??= TypeCompiler.Compile(ManifestSchema);
  return compiled.Check(value);
}

/**
 * Reads the text of a manifest; one of an older format is migrated.
 * @throws StoreError `store/manifest` when it is not JSON or has another shape; `store/format` when it was written in a
 * newer format.
 */
export function readManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "it is not JSON", cause);
  }
  const manifest = inPresentFormat(MANIFEST_FORMAT, value, file);
  if (isManifest(manifest)) return manifest;
  const first = Value.Errors(ManifestSchema, manifest).First();
  throw damaged(file, first === undefined ? "wrong shape" : `${first.message} at ${first.path || "the root"}`);
}

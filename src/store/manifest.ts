import { type Static, Type } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { RECORD_KINDS } from "../blob.js";
import { StoreError } from "../errors.js";
import { FINDING_CODES, type Finding, type FindingCode } from "../finding.js";
import { type LogState, SOURCES } from "./raw-record.js";
import { SegmentKeySchema } from "./segment-key.js";

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Id = Type.Integer({ minimum: 1 });

function oneOf<T extends string>(values: readonly T[]) {
  return Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));
}

export const LOG_STATES = ["complete", "growing", "damaged"] as const satisfies readonly LogState[];

const FindingSchema = Type.Unsafe<Finding>(
  Type.Object({
    code: oneOf(Object.keys(FINDING_CODES) as FindingCode[]),
    severity: Type.String(),
    message: Type.String(),
  }),
);

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
    text: Type.Optional(Type.Integer({ minimum: 0, description: "Bytes of its JSON texts, or a little more." })),
    first: SegmentKeySchema,
    last: SegmentKeySchema,
    versions: Type.Array(Type.Object({ id: Id, rows: Count }, closed)),
    profile: Type.Object(
      { file: Type.String(), versions: Type.Array(Id, { description: "The versions whose rows it describes." }) },
      closed,
    ),
  },
  closed,
);
export type Segment = Static<typeof SegmentSchema>;

export const MANIFEST_FORMAT = 1;

/** `raw/manifest.json`: all that is in the store. Files it does not name do not exist for a reader. */
export const ManifestSchema = Type.Object(
  {
    format: Type.Literal(MANIFEST_FORMAT),
    revision: Type.Integer({ minimum: 0, description: "Goes up by one with every commit." }),
    nextVersion: Id,
    nextSegment: Id,
    versions: Type.Array(VersionSchema),
    segments: Type.Array(SegmentSchema),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/raw-manifest.schema.json" },
);
export type Manifest = Static<typeof ManifestSchema>;

/** The manifest of a store that holds nothing. */
export function emptyManifest(): Manifest {
  return { format: MANIFEST_FORMAT, revision: 0, nextVersion: 1, nextSegment: 1, versions: [], segments: [] };
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
 * Reads the text of a manifest.
 * @throws StoreError when it is not JSON, has another shape, or was written in a newer format.
 */
export function readManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(file, "it is not JSON", cause);
  }
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && format > MANIFEST_FORMAT) {
    throw new StoreError("store/format", `${file} has format ${format}; this version reads up to ${MANIFEST_FORMAT}`, {
      where: { file },
      next: "Install a newer version of wandb-columns.",
    });
  }
  if (isManifest(value)) return value;
  const first = Value.Errors(ManifestSchema, value).First();
  throw damaged(file, first === undefined ? "wrong shape" : `${first.message} at ${first.path || "the root"}`);
}

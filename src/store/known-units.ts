import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Finding } from "../finding.js";
import { FindingSchema } from "./finding-schema.js";
import { logText } from "./live.js";
import type { Version } from "./manifest.js";
import type { ImportUnit } from "./raw-record.js";
import { isMissing, type StoreFiles, writeDurably } from "./store-env.js";

const closed = { additionalProperties: false } as const;

/** What a file was when it was read; null where there was none. */
const StampSchema = Type.Union([
  Type.Null(),
  Type.Array(Type.String(), { description: "Size, inode, and times of change of content and status in ns." }),
]);

const KnownUnitSchema = Type.Object(
  {
    name: Type.Array(Type.String(), {
      description: "All that decides, beside the files, what is imported; first the version of this program.",
    }),
    files: Type.Array(Type.Object({ path: Type.String(), stamp: StampSchema }, closed)),
    versions: Type.Array(Type.Integer({ minimum: 1 }), { description: "Ids of the versions that it gave." }),
    digest: Type.String({
      description:
        "SHA-256 of the logs and digests of these versions: a store that was replaced may give their ids again.",
    }),
    findings: Type.Array(FindingSchema, { description: "What was found outside of its logs." }),
  },
  closed,
);
export type KnownUnit = Static<typeof KnownUnitSchema>;

/**
 * `raw/sources.json`: the files that were imported, so that an import need not read again what has not changed. It may be
 * removed at any time; then everything is read again.
 */
export const KnownUnitsSchema = Type.Object(
  { format: Type.Literal(1), units: Type.Array(KnownUnitSchema) },
  { ...closed, $id: "https://wandb-columns.dev/schemas/raw-sources.schema.json" },
);

export const SOURCES_FILE = "sources.json";

type Stamped = KnownUnit["files"];

/** A file that changed this shortly before it is looked at may change again and bear the same times. */
const SETTLED_NS = 2_000_000_000n;

/** The unit as its files are now; undefined when they cannot be vouched for. */
export async function stampUnit(unit: ImportUnit, files: StoreFiles, now: Date): Promise<Stamped | undefined> {
  const stamped: Stamped = [];
  const latest = BigInt(now.getTime()) * 1_000_000n - SETTLED_NS;
  for (const file of unit.files) {
    const path = resolve(file);
    try {
      const { size, ino, mtimeNs, ctimeNs } = await files.stat(path, { bigint: true });
      if (mtimeNs > latest || ctimeNs > latest) return undefined;
      stamped.push({ path, stamp: [size, ino, mtimeNs, ctimeNs].map(String) });
    } catch (error) {
      if (!isMissing(error)) return undefined;
      stamped.push({ path, stamp: null });
    }
  }
  return stamped;
}

/** Tells the versions of a unit from others of the same ids. */
export function digestOf(versions: readonly Version[]): string {
  const hash = createHash("sha256");
  for (const { log, digest } of versions) hash.update(logText(log)).update(digest);
  return hash.digest("hex");
}

/** Names a unit apart from the first part of its name, the program that read it: what a newer one reads takes its place. */
const keyOf = ([, ...name]: readonly string[], files: Stamped): string =>
  JSON.stringify([name, files.map(({ path }) => path)]);

/** Findings of what another attempt may read. */
const isPassing = ({ code }: Finding): boolean => code === "source/unreadable";

/** What former imports have read, and what this one adds. */
export class KnownUnits {
  readonly #units: Map<string, KnownUnit>;
  #changed = false;

  constructor(units: readonly KnownUnit[]) {
    this.#units = new Map(units.map((unit) => [keyOf(unit.name, unit.files), unit]));
  }

  /** What an earlier import of the same unit gave, if its files are as they were. */
  find(name: readonly string[], files: Stamped): KnownUnit | undefined {
    const known = this.#units.get(keyOf(name, files));
    return JSON.stringify([known?.name, known?.files]) === JSON.stringify([name, files]) ? known : undefined;
  }

  /** Remembers what a unit gave; forgets it when something could not be read. */
  remember(unit: ImportUnit, files: Stamped, gave: readonly Version[], outside: readonly Finding[]): void {
    this.#changed = true;
    const key = keyOf(unit.name, files);
    const couldNot = outside.some(isPassing) || gave.some(({ findings }) => findings.some(isPassing));
    const ids = gave.map(({ id }) => id);
    const known = { name: [...unit.name], files, versions: ids, digest: digestOf(gave), findings: [...outside] };
    if (couldNot) this.#units.delete(key);
    else this.#units.set(key, known);
  }

  /** Writes the file if there is anything new; units of versions that are gone are left out. */
  async write(files: StoreFiles, directory: string, versions: ReadonlySet<number>): Promise<void> {
    if (!this.#changed) return;
    const units = [...this.#units.values()].filter((unit) => unit.versions.every((id) => versions.has(id)));
    const lines = units.map((unit) => `\n${JSON.stringify(unit)}`).join(",");
    await writeDurably(files, join(directory, SOURCES_FILE), `{"format":1,"units":[${lines}]}\n`);
  }
}

/** Reads `sources.json`. One that is missing, damaged or of another format knows nothing. */
export async function readKnownUnits(files: StoreFiles, directory: string): Promise<KnownUnits> {
  const text = await files.readFile(join(directory, SOURCES_FILE), "utf8").catch((error: unknown) => {
    if (isMissing(error)) return "";
    throw error;
  });
  return new KnownUnits(parseUnits(text));
}

function parseUnits(text: string): readonly KnownUnit[] {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(KnownUnitsSchema, value) ? value.units : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

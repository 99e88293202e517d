import { BLOBS } from "../blob.js";
import { StoreError } from "../errors.js";
import { type FileFormat, formatHeader, inPresentFormat } from "../file-format.js";
import { type BlobProfile, type PathProfile, type Profile, VALUE_CLASSES } from "./profile.js";

/** Formats of a segment's profile. */
export const PROFILE_FORMAT: FileFormat = {
  readableFrom: ["0.1.0"],
  migrations: [],
  error: (message, details) => new StoreError("store/profile", message, details),
};

/**
 * One path in preorder: its depth (root 0), its key (null for the root and for elements), hazards, counts as pairs of
 * class index and count, runs as ranges `[from, to, …]` with both ends, and min, max, maxLength (null when absent).
 */
type Row = [
  depth: number,
  key: string | null,
  hazards: number,
  counts: number[],
  runs: number[],
  min: number | null,
  max: number | null,
  maxLength: number | null,
];

const ROW_LENGTH = 8;

function toRanges(runs: readonly number[]): number[] {
  const ranges: number[] = [];
  for (const run of runs) {
    if (ranges.at(-1) === run - 1) ranges[ranges.length - 1] = run;
    else ranges.push(run, run);
  }
  return ranges;
}

function toRow(depth: number, key: string | null, path: PathProfile): Row {
  const counts = VALUE_CLASSES.flatMap((kind, index) => {
    const count = path.counts[kind];
    return count === undefined ? [] : [index, count];
  });
  const { hazards, min = null, max = null, maxLength = null } = path;
  return [depth, key, hazards, counts, toRanges(path.runs), min, max, maxLength];
}

/** Rows of a trie, a path before what is below it, elements before members, members in ascending order of key. */
function toRows(root: PathProfile): Row[] {
  const rows: Row[] = [];
  const todo: [number, string | null, PathProfile][] = [[0, null, root]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [depth, key, path] = next;
    rows.push(toRow(depth, key, path));
    const members = [...(path.children ?? [])].reverse();
    for (const [name, child] of members) todo.push([depth + 1, name, child]);
    if (path.items !== undefined) todo.push([depth + 1, null, path.items]);
  }
  return rows;
}

/**
 * A profile as compact JSON, one path a line. Equal profiles give equal text. Keys with lone surrogates survive, as
 * escapes; paths may nest as deep as a text may.
 */
export function writeProfile(profile: Profile): string {
  const blobs = BLOBS.flatMap((name) => {
    const blob = profile.blobs[name];
    if (blob === undefined) return [];
    const { records, unusable, hazards, bytes, maxBytes, runs, root } = blob;
    const facts = JSON.stringify({ records, unusable, hazards, bytes, maxBytes, runs }).slice(0, -1);
    const paths = toRows(root).map((row) => JSON.stringify(row));
    return [`${JSON.stringify(name)}:${facts},"paths":[\n${paths.join(",\n")}\n]}`];
  });
  const head = JSON.stringify(formatHeader(PROFILE_FORMAT)).slice(0, -1);
  return `${head},"classes":${JSON.stringify(VALUE_CLASSES)},"blobs":{${blobs.join(",\n")}}}\n`;
}

function foreign(found: string): StoreError {
  return new StoreError("store/profile", `A profile of format 1 was expected, but ${found}.`, {
    next: "Import the data again with this version of wandb-columns.",
  });
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
const ascends = (before: string | undefined, text: string): boolean => before === undefined || before < text;
const isMeasure = (value: unknown): boolean =>
  value === null || (Number.isInteger(value) && Math.abs(value as number) <= 2 ** 53);

function isRow(value: unknown): value is Row {
  if (!Array.isArray(value) || value.length !== ROW_LENGTH) return false;
  const [depth, key, hazards, counts, runs, min, max, maxLength] = value;
  if (!isCount(depth) || !(key === null || typeof key === "string") || !isCount(hazards)) return false;
  if (!isCounts(counts) || counts.length % 2 !== 0 || !isCounts(runs) || runs.length % 2 !== 0) return false;
  return isMeasure(min) && isMeasure(max) && (maxLength === null || isCount(maxLength));
}

function fromRanges(ranges: readonly number[], runs: number): number[] {
  const indices: number[] = [];
  for (let k = 0; k < ranges.length; k += 2) {
    const from = ranges[k] ?? 0;
    const to = ranges[k + 1] ?? 0;
    if (from > to || to >= runs || from <= (indices.at(-1) ?? -1)) throw foreign("a path names runs that do not exist");
    for (let run = from; run <= to; run++) indices.push(run);
  }
  return indices;
}

function fromRow(row: Row, classes: readonly string[], runs: number): PathProfile {
  const [, , hazards, pairs, ranges, min, max, maxLength] = row;
  const counts: PathProfile["counts"] = {};
  for (let k = 0; k < pairs.length; k += 2) {
    const name = classes[pairs[k] ?? 0];
    const kind = VALUE_CLASSES.find((known) => known === name);
    if (kind === undefined) throw foreign(`a path has values of an unknown class ${JSON.stringify(name ?? pairs[k])}`);
    counts[kind] = pairs[k + 1] ?? 0;
  }
  return {
    counts,
    ...(min === null ? {} : { min }),
    ...(max === null ? {} : { max }),
    ...(maxLength === null ? {} : { maxLength }),
    hazards,
    runs: fromRanges(ranges, runs),
  };
}

/** Puts a path below its parent. */
function attach(parent: PathProfile, key: string | null, path: PathProfile): void {
  if (key === null) {
    if (parent.items !== undefined) throw foreign("a list has its elements twice");
    parent.items = path;
    return;
  }
  parent.children ??= new Map();
  parent.children.set(key, path);
}

function fromRows(rows: readonly unknown[], classes: readonly string[], runs: number): PathProfile {
  const open: { path: PathProfile; lastKey?: string }[] = [];
  for (const [index, row] of rows.entries()) {
    if (!isRow(row)) throw foreign(`path ${index} has another shape`);
    const [depth, key] = row;
    if (depth > open.length || (depth === 0) !== (index === 0)) throw foreign(`path ${index} has no parent`);
    const path = fromRow(row, classes, runs);
    open.length = depth;
    const parent = open.at(-1);
    if (parent !== undefined) {
      if (key !== null && !ascends(parent.lastKey, key)) throw foreign(`the key of path ${index} is out of order`);
      if (key !== null) parent.lastKey = key;
      attach(parent.path, key, path);
    }
    open.push({ path });
  }
  const root = open[0]?.path;
  if (root === undefined) throw foreign("a blob has no root");
  return root;
}

function fromBlob(name: string, blob: unknown, classes: readonly string[]): BlobProfile {
  if (!isObject(blob)) throw foreign(`the blob ${name} is no object`);
  const { records, unusable, hazards, bytes, maxBytes, runs, paths } = blob;
  const counts = [records, unusable, hazards, bytes, maxBytes];
  if (!isCounts(counts) || !isTexts(runs) || !Array.isArray(paths)) throw foreign(`the blob ${name} has another shape`);
  if (!runs.every((run, index) => ascends(runs[index - 1], run))) throw foreign("runs are out of order");
  const [allRecords = 0, allUnusable = 0, allHazards = 0, allBytes = 0, most = 0] = counts;
  return {
    records: allRecords,
    unusable: allUnusable,
    hazards: allHazards,
    bytes: allBytes,
    maxBytes: most,
    runs,
    root: fromRows(paths, classes, runs.length),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError("store/profile", "A profile was expected, but the text is not JSON.", {
      cause,
      next: "Import the data again; the file is damaged.",
    });
  }
}

/**
 * Reads what `writeProfile` wrote: the same profile again.
 * @param name of the file, for messages.
 * @throws StoreError (`store/profile`) when the text is not JSON, of another format, or does not hold together.
 */
export function readProfile(text: string, name = "A profile"): Profile {
  const file = inPresentFormat(PROFILE_FORMAT, parse(text), name);
  if (!isObject(file) || typeof file["format"] !== "number") throw foreign("the text has no format");
  const { classes, blobs } = file;
  if (!isTexts(classes) || !isObject(blobs)) throw foreign("classes or blobs are missing");
  const found: Profile["blobs"] = {};
  for (const name of Object.keys(blobs)) {
    const blob = BLOBS.find((known) => known === name);
    if (blob === undefined) throw foreign(`there is an unknown blob ${JSON.stringify(name)}`);
    found[blob] = fromBlob(name, blobs[name], classes);
  }
  return { format: 1, blobs: found };
}

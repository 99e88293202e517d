import { BLOBS } from "../blob.js";
import { StoreError } from "../errors.js";
import { type FileFormat, formatHeader, inPresentFormat } from "../file-format.js";
import { type BlobProfile, type PathProfile, type Profile, VALUE_CLASSES } from "./profile.js";
import { RunSet } from "./run-set.js";

/** Stands for the key of the members that have no path of their own. */
const OTHERS = 0;
/** Of a row: null for the root and for elements. */
type Key = string | null | typeof OTHERS;

/** Formats of a segment's profile. */
export const PROFILE_FORMAT: FileFormat = {
  readableFrom: ["0.1.0"],
  migrations: [],
  error: (message, details) => new StoreError("store/profile", message, details),
};

/**
 * One path in preorder: its depth (root 0), its key, hazards, counts as pairs of class index and count, runs as the
 * text of a `RunSet`, and min, max, maxLength (null when absent). A ninth element, 1, says that the path is crowded.
 */
type Row = [
  depth: number,
  key: Key,
  hazards: number,
  counts: number[],
  runs: string | number[],
  min: number | null,
  max: number | null,
  maxLength: number | null,
  crowded?: 1,
];

const ROW_LENGTH = 8;

function toRow(depth: number, key: Key, path: PathProfile): Row {
  const counts = VALUE_CLASSES.flatMap((kind, index) => {
    const count = path.counts[kind];
    return count === undefined ? [] : [index, count];
  });
  const { hazards, min = null, max = null, maxLength = null } = path;
  const crowded: [1?] = path.crowded ? [1] : [];
  return [depth, key, hazards, counts, path.runs.toText(), min, max, maxLength, ...crowded];
}

/**
 * Rows of a trie, a path before what is below it: elements, then members in ascending order of key, then those that have
 * no path of their own.
 */
function toRows(root: PathProfile): Row[] {
  const rows: Row[] = [];
  const todo: [number, Key, PathProfile][] = [[0, null, root]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [depth, key, path] = next;
    rows.push(toRow(depth, key, path));
    if (path.others !== undefined) todo.push([depth + 1, OTHERS, path.others]);
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
    next: "Move the raw folder away and import the sources again.",
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

const isKey = (value: unknown): value is Key => value === null || value === OTHERS || typeof value === "string";

const isRuns = (value: unknown): value is string | number[] =>
  typeof value === "string" || (isCounts(value) && value.length % 2 === 0);

function isRow(value: unknown): value is Row {
  if (!Array.isArray(value) || value.length < ROW_LENGTH || value.length > ROW_LENGTH + 1) return false;
  const [depth, key, hazards, counts, runs, min, max, maxLength, crowded = 1] = value;
  if (!isCount(depth) || !isKey(key) || !isCount(hazards) || crowded !== 1) return false;
  if (!isCounts(counts) || counts.length % 2 !== 0 || !isRuns(runs)) return false;
  return isMeasure(min) && isMeasure(max) && (maxLength === null || isCount(maxLength));
}

/** Stands for the runs of a profile that is read without them. */
const NO_RUNS = -1;

/** Runs as the text of a set or, as early stores have them, as ranges `[from, to, …]` with both ends. */
function runsFrom(value: string | readonly number[], runs: number): RunSet {
  if (runs === NO_RUNS) return new RunSet(0);
  const set = typeof value === "string" ? RunSet.fromText(value, runs) : fromRanges(value, runs);
  if (set === undefined) throw foreign("a path names runs that do not exist");
  return set;
}

function fromRanges(ranges: readonly number[], runs: number): RunSet | undefined {
  const set = new RunSet(runs);
  for (let k = 0; k < ranges.length; k += 2) {
    const [from = 0, to = 0, before = -1] = [ranges[k], ranges[k + 1], ranges[k - 1]];
    if (from > to || to >= runs || from <= before) return undefined;
    for (let run = from; run <= to; run++) set.add(run);
  }
  return set;
}

function fromRow(row: Row, classes: readonly string[], runs: number): PathProfile {
  const [, , hazards, pairs, runText, min, max, maxLength, crowded] = row;
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
    runs: runsFrom(runText, runs),
    ...(crowded === undefined ? {} : { crowded: true }),
  };
}

/** Puts a path below its parent. */
function attach(parent: PathProfile, key: Key, path: PathProfile): void {
  if (key === OTHERS) {
    if (parent.others !== undefined) throw foreign("an object has its other members twice");
    parent.others = path;
    return;
  }
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
      if (typeof key === "string") {
        if (!ascends(parent.lastKey, key)) throw foreign(`the key of path ${index} is out of order`);
        parent.lastKey = key;
      }
      attach(parent.path, key, path);
    }
    open.push({ path });
  }
  const root = open[0]?.path;
  if (root === undefined) throw foreign("a blob has no root");
  return root;
}

function fromBlob(name: string, blob: unknown, classes: readonly string[], withRuns: boolean): BlobProfile {
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
    runs: withRuns ? runs : [],
    root: fromRows(paths, classes, withRuns ? runs.length : NO_RUNS),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StoreError("store/profile", "A profile was expected, but the text is not JSON.", {
      cause,
      next: "Move the raw folder away and import the sources again.",
    });
  }
}

function readBlobs(text: string, name: string, withRuns: boolean): Profile {
  const file = inPresentFormat(PROFILE_FORMAT, parse(text), name);
  if (!isObject(file) || typeof file["format"] !== "number") throw foreign("the text has no format");
  const { classes, blobs } = file;
  if (!isTexts(classes) || !isObject(blobs)) throw foreign("classes or blobs are missing");
  const found: Profile["blobs"] = {};
  for (const name of Object.keys(blobs)) {
    const blob = BLOBS.find((known) => known === name);
    if (blob === undefined) throw foreign(`there is an unknown blob ${JSON.stringify(name)}`);
    found[blob] = fromBlob(name, blobs[name], classes, withRuns);
  }
  return { format: 1, blobs: found };
}

/**
 * Reads what `writeProfile` wrote: the same profile again.
 * @param name of the file, for messages.
 * @throws StoreError (`store/profile`) when the text is not JSON, of another format, or does not hold together.
 */
export function readProfile(text: string, name = "A profile"): Profile {
  return readBlobs(text, name, true);
}

/** The same without the runs, for those who ask what there is and not where: lists and sets of runs are empty. */
export function readCounts(text: string, name = "A profile"): Profile {
  return readBlobs(text, name, false);
}

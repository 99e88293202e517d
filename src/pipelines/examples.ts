import { type BlobName, RECORD_BLOBS, RECORD_KINDS, type RecordKind } from "../blob.js";
import { LARGE_BYTES } from "../engines/duckdb/prove.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { formatPointer, parsePointer } from "../json/pointer.js";
import { type JsonNode, readJson } from "../json/read.js";
import { literalPath } from "../parquet-path.js";
import { HAZARD, type PathProfile, UNUSABLE } from "../profile/profile.js";
import { readCounts } from "../profile/serialize.js";
import { pathKey } from "../report/facts.js";
import type { LiveSegment, RawStore } from "../store/raw-store.js";
import { SEGMENT_BYTES } from "../store/segment-draft.js";
import type { Environment } from "./environment.js";

/** Longest example, in characters. */
const EXAMPLE_LENGTH = 120;
/** Rows of one segment that DuckDB cannot read and that are looked at all the same; a path of later ones has no example. */
const ROWS_PER_SEGMENT = 20_000;

/** Paths that want an example, as a tree of keys. */
interface Wanted {
  readonly children: Map<string, Wanted>;
  wants: boolean;
  /** Wanted paths at and below. */
  count: number;
}

const newWanted = (): Wanted => ({ children: new Map(), wants: false, count: 0 });

function tree(pointers: Iterable<string>): Wanted {
  const root = newWanted();
  for (const pointer of pointers) {
    root.count += 1;
    let node = root;
    for (const key of parsePointer(pointer)) {
      const next = node.children.get(key) ?? newWanted();
      node.children.set(key, next);
      next.count += 1;
      node = next;
    }
    node.wants = true;
  }
  return root;
}

/** Wanted paths that a segment's profile has with a value other than null. */
function inProfile(wanted: Wanted, profile: PathProfile, path: readonly string[] = []): string[] {
  const found: string[] = [];
  for (const [key, child] of wanted.children) {
    const seen = profile.children?.get(key);
    if (seen === undefined || child.count === 0) continue;
    const here = [...path, key];
    const values = Object.entries(seen.counts).some(([name, count]) => name !== "null" && count > 0);
    if (child.wants && values) found.push(formatPointer(here));
    found.push(...inProfile(child, seen, here));
  }
  return found;
}

function shorten(text: string): string {
  return text.length <= EXAMPLE_LENGTH ? text : `${text.slice(0, EXAMPLE_LENGTH - 1)}…`;
}

/** Takes examples out of one text; gives how many it found. */
function take(wanted: Wanted, node: JsonNode, text: string, path: string, into: Map<string, string>): number {
  if (wanted.count === 0) return 0;
  let found = 0;
  if (wanted.wants && node.kind !== "null") {
    into.set(path, shorten(text.slice(node.start, node.end)));
    wanted.wants = false;
    found = 1;
  }
  if (node.kind === "object") {
    for (const { key, value } of node.members) {
      const child = wanted.children.get(key);
      if (child !== undefined) found += take(child, value, text, `${path}${formatPointer([key])}`, into);
    }
  }
  wanted.count -= found;
  return found;
}

/** A segment with more text than that has a text that no example is worth the memory of. */
const MOST_TEXT = 2 * SEGMENT_BYTES;

/** Texts that DuckDB's JSON functions do not read as they are. */
const UNREADABLE = HAZARD.LONE_SURROGATE | HAZARD.NUL | HAZARD.DEEP;

/** A blob of a segment: its rows that count and can be used and are not long, as `n` (place in the file), `text` and `hazards`. */
function usableRows(segment: LiveSegment, blob: BlobName): string {
  const [text, hazards] = [quoteIdentifier(blob), quoteIdentifier(`${blob}_hazards`)];
  const file = `read_parquet(${quoteLiteral(literalPath(segment.path))}, hive_partitioning = false, file_row_number = true)`;
  return `(SELECT file_row_number AS n, ${text} AS text, ${hazards} AS hazards FROM ${file}
    WHERE ${text} IS NOT NULL AND strlen(${text}) <= ${LARGE_BYTES} AND ${hazards} & ${UNUSABLE} = 0 AND version IN (${segment.versions.live.join(", ")}))`;
}

/** Places of the first rows that have a value at these paths. DuckDB says where, the texts themselves say what. */
async function rowsWithValues(session: Session, rows: string, pointers: readonly string[]): Promise<number[]> {
  // Rows with other paths are unreadable ones, and looked at one by one.
  const spelled = pointers.filter((pointer) => pointer.isWellFormed() && !pointer.includes("\0"));
  if (spelled.length === 0) return [];
  const list = `[${spelled.map(quoteLiteral).join(", ")}]`;
  const types = `json_type(CASE WHEN hazards & ${UNREADABLE} = 0 AND strlen(text) <= ${LARGE_BYTES} THEN text END, ${list})`;
  const each = `SELECT n, unnest(${types}) AS type, unnest(range(${spelled.length})) AS i FROM ${rows}`;
  const first = `SELECT min(n) AS n FROM (${each}) WHERE type <> 'NULL' GROUP BY i`;
  return (await session.rows(`SELECT DISTINCT n FROM (${first}) ORDER BY n`)).map(([n]) => Number(n));
}

/** Rows that are looked at one by one before anything else: most paths have a value there. */
const FIRST_ROWS = 64;
/** So many paths are looked for row by row: DuckDB looks for each of them in each row. */
const MANY_PATHS = 300;

/** Wanted paths that have no example yet. */
function missing(wanted: Wanted, path = ""): string[] {
  if (wanted.count === 0) return [];
  const below = [...wanted.children].flatMap(([key, child]) => missing(child, `${path}${formatPointer([key])}`));
  return wanted.wants ? [path, ...below] : below;
}

async function fromSegment(
  session: Session,
  segment: LiveSegment,
  blob: BlobName,
  pointers: readonly string[],
  into: Map<string, string>,
): Promise<void> {
  const wanted = tree(pointers);
  const rows = usableRows(segment, blob);
  const read = async (which: string): Promise<boolean> => {
    for await (const texts of session.stream(`SELECT '.' || text FROM ${rows} ${which}`)) {
      for (const [cell] of texts) {
        const text = String(cell).slice(1);
        take(wanted, readJson(text), text, blob, into);
        if (wanted.count === 0) return true;
      }
    }
    return false;
  };
  const readable = `WHERE hazards & ${UNREADABLE} = 0`;
  if (await read(`${readable} LIMIT ${FIRST_ROWS}`)) return;
  const rest = missing(wanted);
  if (rest.length > MANY_PATHS) {
    if (await read(readable)) return;
  } else {
    const places = await rowsWithValues(session, rows, rest);
    if (places.length > 0 && (await read(`WHERE n IN (${places.join(", ")})`))) return;
  }
  await read(`WHERE hazards & ${UNREADABLE} <> 0 LIMIT ${ROWS_PER_SEGMENT}`);
}

/**
 * One value for each of these paths, as JSON text: the first in the order of the segments that is not null, cut to 120
 * characters. Only segments that have a path still without an example are read. A path without any value gets none, and one
 * whose values are all in texts over a megabyte.
 * @param paths blob and JSON Pointer of each.
 * @returns examples by `pathKey`.
 */
export async function findExamples(
  session: Session,
  store: RawStore,
  paths: readonly { readonly blob: BlobName; readonly path: string }[],
  env: Environment,
): Promise<ReadonlyMap<string, string>> {
  const into = new Map<string, string>();
  const kindOf = (kind: RecordKind): readonly BlobName[] => RECORD_BLOBS[kind];
  for (const kind of RECORD_KINDS) {
    const open = () =>
      paths.filter((item) => kindOf(kind).includes(item.blob) && !into.has(pathKey(item.blob, item.path)));
    for (const segment of store.liveSegments(kind)) {
      env.signal.throwIfAborted();
      if (segment.text > MOST_TEXT) continue;
      const wanted = open();
      if (wanted.length === 0) break;
      const profile = readCounts(await env.files.readFile(segment.profile, "utf8"));
      for (const blob of kindOf(kind)) {
        const about = profile.blobs[blob];
        const pointers = wanted.filter((item) => item.blob === blob).map((item) => item.path);
        if (about === undefined || pointers.length === 0) continue;
        const here = inProfile(tree(pointers), about.root);
        if (here.length > 0) await fromSegment(session, segment, blob, here, into);
      }
    }
  }
  return into;
}

import { type BlobName, RECORD_BLOBS, RECORD_KINDS, type RecordKind } from "../blob.js";
import type { Session } from "../engines/duckdb/session.js";
import { quoteIdentifier, quoteLiteral } from "../engines/duckdb/types.js";
import { formatPointer, parsePointer } from "../json/pointer.js";
import { type JsonNode, readJson } from "../json/read.js";
import { type PathProfile, UNUSABLE } from "../profile/profile.js";
import { readProfile } from "../profile/serialize.js";
import { pathKey } from "../report/facts.js";
import type { LiveSegment, RawStore } from "../store/raw-store.js";
import type { Environment } from "./environment.js";

/** Longest example, in characters. */
const EXAMPLE_LENGTH = 120;
/** Rows of one segment that are looked at; a path that is rarer than that has no example. */
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

async function fromSegment(
  session: Session,
  segment: LiveSegment,
  blob: BlobName,
  wanted: Wanted,
  into: Map<string, string>,
): Promise<void> {
  const name = quoteIdentifier(blob);
  const query = `SELECT '.' || ${name} FROM read_parquet(${quoteLiteral(segment.path)}, hive_partitioning = false)
    WHERE ${name} IS NOT NULL AND ${quoteIdentifier(`${blob}_hazards`)} & ${UNUSABLE} = 0
    AND version IN (${segment.versions.live.join(", ")}) LIMIT ${ROWS_PER_SEGMENT}`;
  for await (const rows of session.stream(query)) {
    for (const [cell] of rows) {
      const text = String(cell).slice(1);
      take(wanted, readJson(text), text, blob, into);
      if (wanted.count === 0) return;
    }
  }
}

/**
 * One value for each of these paths, as JSON text: the first in the order of the segments that is not null, cut to 120
 * characters. Only segments that have a path still without an example are read. A path without any value gets none.
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
      const wanted = open();
      if (wanted.length === 0) break;
      const profile = readProfile(await env.files.readFile(segment.profile, "utf8"));
      for (const blob of kindOf(kind)) {
        const about = profile.blobs[blob];
        const pointers = wanted.filter((item) => item.blob === blob).map((item) => item.path);
        if (about === undefined || pointers.length === 0) continue;
        const here = tree(inProfile(tree(pointers), about.root));
        if (here.count > 0) await fromSegment(session, segment, blob, here, into);
      }
    }
  }
  return into;
}

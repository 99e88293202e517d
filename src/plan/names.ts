import type { BlobName } from "../blob.js";
import { formatPointer, type Path } from "../json/pointer.js";
import { digest } from "./digest.js";
import { LEADING_TABLES, layoutOf, type TableLayout } from "./tables.js";
import { RESERVED_WORDS, SYSTEM_COLUMNS } from "./words.js";

/** `snake`: `config_optimizer_lr`. `verbatim`: `config.optimizer.lr`. */
export type Naming = "snake" | "verbatim";

/** What a path is inside of: a blob, or the member of a family (`value`). */
export type NameScope = BlobName | "value";

/** PostgreSQL cuts longer identifiers (NAMEDATALEN − 1), in bytes of UTF-8. */
export const MAX_NAME_BYTES = 63;

const HEAD_BYTES = 24;
const CUT = "__";

/** Blobs whose columns carry the blob's name; the others take it only when they must. */
const PREFIXED: ReadonlySet<NameScope> = new Set<NameScope>(["config", "summary", "system_info", "system_metrics"]);

const byteLength = (text: string): number => Buffer.byteLength(text, "utf8");

/** The longest prefix of whole characters that has at most `bytes` bytes. */
function head(characters: readonly string[], bytes: number): string {
  let kept = "";
  let size = 0;
  for (const character of characters) {
    size += byteLength(character);
    if (size > bytes) break;
    kept += character;
  }
  return kept;
}

/** Cuts a text in its middle to at most `bytes` bytes of UTF-8: whole characters of both ends, `__` between. */
export function cutMiddle(text: string, bytes = MAX_NAME_BYTES): string {
  if (byteLength(text) <= bytes) return text;
  const characters = [...text];
  const start = head(characters, HEAD_BYTES).replace(/_+$/, "");
  const room = bytes - CUT.length - byteLength(start);
  const end = [...head(characters.reverse(), room)].reverse().join("").replace(/^_+/, "");
  return start + CUT + end;
}

/** What tells two paths of one name apart: `length` hexadecimal digits of the digest of blob and pointer. */
export function pathHash(scope: NameScope, path: Path, length: number): string {
  return Buffer.from(digest([scope, formatPointer(path)]))
    .toString("hex")
    .slice(0, length);
}

/** One key in readable lower-case words; empty when nothing of it is a letter or digit of ASCII. */
function snakeWord(key: string): string {
  return key
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])(?=[A-Z](?!s(?![a-z]))[a-z])/g, "$1_")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

const HASH_LENGTH = 6;

function snakeText(scope: NameScope, path: Path): string {
  const words = path.map(snakeWord);
  const readable = words.filter((word) => word !== "");
  const hash = readable.length < words.length ? [pathHash(scope, path, HASH_LENGTH)] : [];
  const name = [...(PREFIXED.has(scope) ? [scope] : []), ...readable, ...hash].join("_");
  const isOnlyHash = readable.length === 0 && hash.length > 0 && !PREFIXED.has(scope);
  return isOnlyHash || /^[0-9]/.test(name) ? `c_${name}` : name;
}

/** U+0000 and lone surrogates are in no engine's identifiers. */
function verbatimText(scope: NameScope, path: Path): string {
  const keys = path.map((key) => key.replaceAll("\u0000", "\uFFFD").replace(/\p{Surrogate}/gu, "\uFFFD"));
  const name = [...(PREFIXED.has(scope) ? [scope] : []), ...keys].join(".");
  return name === "" ? `c_${pathHash(scope, path, HASH_LENGTH)}` : name;
}

/** How names are compared: DuckDB and Spark ignore case, and readers cannot tell composed from decomposed letters. */
export function foldName(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function layoutNames(layout: TableLayout): Set<string> {
  const all = [
    ...layout.fixed.map((column) => column.name),
    ...layout.first,
    ...layout.last,
    ...layout.residuals.map((residual) => residual.name),
  ];
  return new Set(all.map(foldName));
}

const LAYOUT_NAMES: ReadonlyMap<TableLayout, ReadonlySet<string>> = new Map(
  LEADING_TABLES.map((layout) => [layout, layoutNames(layout)]),
);

/** Names that a path of a blob does not get by itself: key, life and residual columns of its table. */
export function tableNames(scope: NameScope): ReadonlySet<string> {
  return (scope === "value" ? undefined : LAYOUT_NAMES.get(layoutOf(scope))) ?? new Set();
}

/** The name of a path before it makes way for others and is cut. */
export function plainName(scope: NameScope, path: Path, naming: Naming): string {
  if (scope === "value" && path.length === 0) return "value";
  return naming === "snake" ? snakeText(scope, path) : verbatimText(scope, path);
}

/**
 * The name of a path before it is cut to 63 bytes. `taken` are names that the path must leave alone, in folded form; in
 * `snake` words of SQL are such too.
 */
export function longName(
  scope: NameScope,
  path: Path,
  naming: Naming,
  taken: ReadonlySet<string> = tableNames(scope),
): string {
  const snake = naming === "snake";
  const isTaken = (name: string): boolean => {
    const folded = foldName(name);
    return taken.has(folded) || SYSTEM_COLUMNS.has(folded) || (snake && RESERVED_WORDS.has(folded));
  };
  let name = plainName(scope, path, naming);
  while (isTaken(name)) name = `${scope}${snake ? "_" : "."}${name}`;
  return name;
}

/**
 * The name that a path of a blob has when no other path wants it. Pure.
 *
 * `snake`: every key in lower-case words of `[a-z0-9_]` (accents dropped, camelCase split, all else one `_`), joined by
 * `_`, after `config_`, `summary_`, `system_info_` or `system_metrics_`; a key of which nothing is left counts as six
 * digits of a hash, a leading digit gets `c_`. `verbatim`: the keys as they are, joined by `.`, after `config.` and so on;
 * only U+0000 and lone surrogates become U+FFFD. In both, a name of a key, life or residual column of the table gets the
 * blob's name in front (`history_step`), in `snake` a reserved word of SQL too; and a name over 63 bytes is cut in the
 * middle. In the scope `value` the empty path is `value`.
 */
export function columnName(scope: NameScope, path: Path, naming: Naming): string {
  return cutMiddle(longName(scope, path, naming));
}

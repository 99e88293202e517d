import { hasDuplicateKey } from "../../src/json/duplicate-key.js";
import { formatPointer } from "../../src/json/pointer.js";
import { type JsonNode, JsonSyntaxError, readJson } from "../../src/json/read.js";
import { sameJson } from "../flatten/equal.js";
import { readLine, stringOf, textOf } from "./records.js";

const NONFINITE = new Set(["NaN", "Infinity", "-Infinity"]);

interface Side {
  readonly node: JsonNode;
  readonly text: string;
}

const spanOf = ({ node, text }: Side): string => text.slice(node.start, node.end);
const brief = (side: Side): string => spanOf(side).slice(0, 80);

/** The token of a non-finite number, bare or as a string: in a float64 column they are one value. */
function nonFinite(side: Side): string | undefined {
  const text = side.node.kind === "string" ? side.node.value : spanOf(side);
  return NONFINITE.has(text) ? text : undefined;
}

function* differ(want: Side, got: Side, path: readonly string[]): Generator<string> {
  const here = formatPointer(path) || "the root";
  if (want.node.kind === "object" && got.node.kind === "object") {
    const left = new Map(got.node.members.map((member) => [member.key, member.value]));
    for (const { key, value } of want.node.members) {
      const twin = left.get(key);
      left.delete(key);
      if (twin === undefined) yield `${formatPointer([...path, key])}: lost ${brief({ ...want, node: value })}`;
      else yield* differ({ ...want, node: value }, { ...got, node: twin }, [...path, key]);
    }
    for (const [key, node] of left) yield `${formatPointer([...path, key])}: extra ${brief({ ...got, node })}`;
    return;
  }
  if (want.node.kind === "array" && got.node.kind === "array" && want.node.items.length === got.node.items.length) {
    const { items } = got.node;
    for (const [i, node] of want.node.items.entries()) {
      yield* differ({ ...want, node }, { ...got, node: items[i] as JsonNode }, [...path, String(i)]);
    }
    return;
  }
  const token = nonFinite(want);
  const same = token === undefined ? sameJson(spanOf(want), spanOf(got)) : nonFinite(got) === token;
  if (!same) yield `${here}: want ${brief(want)}, got ${brief(got)}`;
}

/**
 * How two JSON texts differ, value by value, one sentence each; none when they say the same: members in any order,
 * integers digit by digit, other numbers as the same decimal or the same double, non-finite numbers bare or as strings.
 */
export function differences(want: string, got: string): string[] {
  return [...differ({ node: readJson(want), text: want }, { node: readJson(got), text: got }, [])];
}

/** A record's payloads as rebuild must print them: name to text. */
export interface PayloadRecord {
  readonly kind: string;
  readonly run: string;
  readonly payloads: ReadonlyMap<string, string>;
}

const PAYLOADS = ["run", "config", "summary", "system_info", "system_metrics", "row"];

/** The records of lines that rebuild printed. */
export function rebuiltRecords(lines: readonly string[]): PayloadRecord[] {
  return lines.map((text) => {
    const line = readLine(text);
    const run = ["entity", "project", "run_id"].map((name) => stringOf(line, name) ?? "").join("/");
    const payloads = PAYLOADS.flatMap((name): [string, string][] => {
      const payload = textOf(line, name);
      return payload === undefined ? [] : [[name, withRawBytes(payload)]];
    });
    return { kind: stringOf(line, "kind") ?? "", run, payloads: new Map(payloads) };
  });
}

function isBlob(text: string): boolean {
  try {
    const root = readJson(text);
    return root.kind === "object" && !hasDuplicateKey(root);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

const rawBytes = (bytes: Uint8Array): string => `{"raw_base64":"${Buffer.from(bytes).toString("base64")}"}`;

/** The bytes of a payload as rebuild must give them back: a JSON object as it is, all else as raw bytes. */
export function printed(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text, "utf8").equals(bytes) && isBlob(text) ? withRawBytes(text) : rawBytes(bytes);
}

/** `{"raw":"…"}` as `{"raw_base64":"…"}`, so that refused text compares by its bytes; anything else as it is. */
function withRawBytes(text: string): string {
  const root = readJson(text);
  const [member] = root.kind === "object" && root.members.length === 1 ? root.members : [];
  if (member?.key !== "raw" || member.value.kind !== "string") return text;
  return rawBytes(Buffer.from(member.value.value, "utf8"));
}

function byRun(records: readonly PayloadRecord[]): Map<string, PayloadRecord[]> {
  const groups = new Map<string, PayloadRecord[]>();
  for (const record of records) {
    const name = `${record.kind} of ${record.run}`;
    groups.set(name, [...(groups.get(name) ?? []), record]);
  }
  return groups;
}

/** How rebuilt records differ from the true ones. Records of one run and kind are compared in order. */
export function recordDifferences(want: readonly PayloadRecord[], got: readonly PayloadRecord[]): string[] {
  const [left, right] = [byRun(want), byRun(got)];
  const names = new Set([...left.keys(), ...right.keys()]);
  return [...names].sort().flatMap((name) => {
    const [a, b] = [left.get(name) ?? [], right.get(name) ?? []];
    if (a.length !== b.length) return [`${name}: want ${a.length} records, got ${b.length}`];
    return a.flatMap((record, i) => payloadDifferences(`${name} ${i}`, record, b[i] as PayloadRecord));
  });
}

function payloadDifferences(name: string, want: PayloadRecord, got: PayloadRecord): string[] {
  const all = new Set([...want.payloads.keys(), ...got.payloads.keys()]);
  return [...all].flatMap((blob) => {
    const [a, b] = [want.payloads.get(blob), got.payloads.get(blob)];
    if (a === undefined || b === undefined) return [`${name} ${blob}: want ${a ?? "nothing"}, got ${b ?? "nothing"}`];
    return differences(a, b).map((difference) => `${name} ${blob}${difference}`);
  });
}

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** Rooms by layer: a file imports from its own room and from rooms of lower layers only. */
const LAYERS: readonly (readonly string[])[] = [
  ["errors", "finding", "blob", "disk-error", "file-format", "parquet-path", "sql-text", "json"],
  ["schema"],
  ["plan", "profile"],
  ["flatten"],
  ["store", "sources", "engines", "sinks"],
  ["codegen"],
  ["report", "validate", "diff", "output"],
  ["pipelines"],
  ["explore"],
  ["index"],
  ["cli"],
];

/** Imports between rooms of one layer, or one file's view upwards, that are meant. Each needs its reason. */
const ALLOWED: readonly (readonly [from: string, to: string, reason: string])[] = [
  ["sources", "store", "sources hand raw records to a RecordWriter, whose type lives with the store"],
  ["plan", "profile", "what fits a type is said over the profile's value classes"],
  ["schema", "plan", "x-column's vocabulary (logical types, reasons) is the plan's; types only"],
  ["profile", "plan", "inference speaks of logical types and reasons; types and closed lists only"],
  ["report", "output", "explain and status word their suggestions as all output does"],
  ["output", "report", "what is printed is the report's value"],
];

/** Files over the budget of 300 lines, with the reason. */
const LONG: ReadonlyMap<string, string> = new Map([
  ["src/profile/tokenizer.ts", "the scanner core: split, it loses a third of its speed"],
]);

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

const files = filesBelow(SRC);
const text = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[\s\S]*?\sfrom\s+)?"(\.[^"]+)"/gm;
const LAZY = /\bimport\("(\.[^"]+)"\)/g;

function importsOf(file: string): Import[] {
  const source = text.get(file) ?? "";
  const target = (specifier: string): string => resolve(dirname(file), specifier.replace(/\.js$/, ".ts"));
  const fixed = [...source.matchAll(IMPORT)].map((match) => ({
    from: file,
    to: target(match[2] ?? ""),
    typeOnly: match[1] !== undefined,
  }));
  const lazy = [...source.matchAll(LAZY)].map((match) => ({ from: file, to: target(match[1] ?? ""), typeOnly: false }));
  return [...fixed, ...lazy];
}

/** The text of a file without its comments. */
function code(file: string): string {
  return (text.get(file) ?? "").replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

const imports = files.flatMap(importsOf);
const name = (file: string): string => relative(ROOT, file).replaceAll("\\", "/");

function roomOf(file: string): string {
  const [first = ""] = relative(SRC, file).split(/[\\/]/);
  return first.replace(/\.ts$/, "");
}

function layerOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room));
}

describe("rooms", () => {
  it("every file is in a room of the house", () => {
    expect(files.filter((file) => layerOf(roomOf(file)) < 0).map(name)).toEqual([]);
  });

  it("imports go to rooms above", () => {
    const wrong = imports.filter(({ from, to }) => {
      const [a, b] = [roomOf(from), roomOf(to)];
      if (a === b || layerOf(b) < layerOf(a)) return false;
      if (layerOf(a) === 0 && layerOf(b) === 0) return false;
      return !ALLOWED.some(([source, target]) => source === a && target === b);
    });
    expect(wrong.map(({ from, to }) => `${name(from)} -> ${name(to)}`)).toEqual([]);
  });

  it("sources do not import each other", () => {
    const part = (file: string): string => relative(join(SRC, "sources"), file).split(/[\\/]/)[0] ?? "";
    const crossing = imports.filter(
      ({ from, to }) => roomOf(from) === "sources" && roomOf(to) === "sources" && part(from) !== part(to),
    );
    expect(crossing.map(({ from, to }) => `${name(from)} -> ${name(to)}`)).toEqual([]);
  });

  it("nothing imports the command line", () => {
    expect(
      imports.filter(({ from, to }) => roomOf(to) === "cli" && roomOf(from) !== "cli").map(({ from }) => name(from)),
    ).toEqual([]);
  });

  it("ARCHITECTURE.md names every room", () => {
    const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
    const rooms = new Set(files.map(roomOf).filter((room) => room !== "index"));
    expect([...rooms].filter((room) => !page.includes(room))).toEqual([]);
  });

  it("has no import cycles", () => {
    const edges = new Map(
      files.map((file) => [
        file,
        imports.filter((item) => item.from === file && !item.typeOnly).map((item) => item.to),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].map(name).join(" -> "));
      if (done.has(file) || path.includes(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });
});

describe("files", () => {
  const written = files.filter((file) => !file.endsWith("_pb.ts"));

  it("have no any, no escape from the type checker, no console", () => {
    const banned =
      /(?::|<|\bas) any(?=\s*(?:[;,)>=|&[\]{]|$))|\bas unknown as\b|@ts-(?:ignore|expect-error|nocheck)|\bconsole\.|catch\s*(?:\([^)]*\))?\s*\{\s*\}/;
    const found = written.filter((file) =>
      code(file)
        .split("\n")
        .some((line) => banned.test(line)),
    );
    expect(found.map(name)).toEqual([]);
  });

  it("are not called utils, helpers or common", () => {
    expect(
      files.filter((file) => /(?:^|[\\/])(?:utils?|helpers?|common)(?:[\\/.]|$)/.test(relative(ROOT, file))).map(name),
    ).toEqual([]);
  });

  it("stay within 300 lines", () => {
    const long = written.filter((file) => (text.get(file) ?? "").split("\n").length > 301).map(name);
    expect(long.filter((file) => !LONG.has(file))).toEqual([]);
  });
});

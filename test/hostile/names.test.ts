import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exit, frame, history, message, record, run, update } from "../sources/wandb-folder/log-writer.js";
import { sized } from "./full.js";
import { runBounded } from "./program.js";

const PATIENCE = sized(900, 240);

/** Names that a file system, a terminal or a query could take for something else. */
const NAMES = [
  "../../../escape",
  "..",
  ".",
  "/etc/passwd",
  "C:\\windows\\x",
  "a/b/../../c",
  "nul\0byte",
  "new\nline",
  "re\rturn",
  "esc\u001b[31mred\u001b[0m",
  "\u202eright to left\u202c",
  "\u2028\u2029",
  "\u0085\u009b31m",
  "n".repeat(300),
  "é".repeat(300),
  "'; DROP TABLE runs; --",
  'quo"te',
  "$(touch escape)",
  "`touch escape`",
  "%2e%2e%2fescape",
  "{braces}",
  "-flag",
  "CON",
  " ",
  "",
] as const;

let folder: string;
let inFolder: readonly string[];
/** Commands that take --memory. */
let project: readonly string[];
let before: string[];

async function everything(below: string): Promise<string[]> {
  const entries = await readdir(below, { recursive: true });
  return entries.filter((name) => !name.startsWith("project")).sort();
}

/** A run with this id, entity, project, display name, tag, config key, metric and host. */
function logOf(name: string): Uint8Array {
  const facts = run([1, name], [2, name], [3, name], [8, name], [10, name], [12, name]);
  const stats = message([2, message([1, 1_700_000_000])], [3, message([1, name], [16, "1"])]);
  const metric = [
    ["x", "1"],
    [name, "2"],
  ] as const;
  return frame([
    facts,
    update("config", [
      [name, '"v"'],
      [["n", name], "1"],
    ]),
    history(metric, 0),
    record("stats", stats),
    exit(),
  ]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wandb-columns-hostile-"));
  for (const [i, name] of NAMES.entries()) {
    const place = join(folder, "input", `run-20240101_00000${i % 10}-${i}`);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, `run-${i}.wandb`), logOf(name));
  }
  const odd = join(folder, "input", "run-20240102_000000-\u202e\n'x\u001b[31m");
  await mkdir(odd);
  await writeFile(join(odd, "run-\u202e\n'x\u001b[31m.wandb"), logOf("odd place"));
  before = await everything(folder);
  inFolder = ["--project", join(folder, "project")];
  project = [...inFolder, "--memory", "1GB"];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What would steer a terminal, or hide or turn what follows: everything but line ends. */
const UNPRINTABLE = /[^\n\P{Cc}]|[\p{Bidi_Control}\u2028\u2029\ufeff]/u;

describe("names that mean something elsewhere", () => {
  it("are imported, and every run is told apart", async () => {
    const ended = await runBounded(["sync", join(folder, "input"), ...project], PATIENCE);
    expect([ended.code, ended.signal], ended.err).toEqual([0, null]);
    const { out } = await runBounded(["rebuild", ...project, "--quiet"], PATIENCE);
    const runs = out
      .trim()
      .split("\n")
      .map(
        (line) => JSON.parse(line) as { kind: string; run_id: string; entity: string; project: string; row?: object },
      );
    const ids = new Set(runs.filter(({ kind }) => kind === "run").map(({ run_id }) => run_id));
    for (const name of NAMES.filter((item) => item !== "")) expect(ids.has(name), JSON.stringify(name)).toBe(true);
    const row = runs.find(({ kind, run_id }) => kind === "history" && run_id === "new\nline");
    expect(row?.row).toEqual({ x: 1, "new\nline": 2, _step: 0 });
  });

  it("write nothing outside of the project folder", async () => {
    for (const command of [["infer", "--write"], ["generate"], ["export"], ["report"]]) {
      const ended = await runBounded([...command, ...inFolder], PATIENCE);
      expect([ended.code, command[0], ended.err.includes("rror")], ended.err).toEqual([0, command[0], false]);
    }
    expect(await everything(folder)).toEqual(before);
    expect(await readdir(join(folder, "project"))).toEqual(
      expect.arrayContaining(["generated", "raw", "report", "schemas", "tables"]),
    );
  });

  it.each<[code: number, words: string[]]>([
    [0, ["sync", "INPUT"]],
    [0, ["import", "INPUT"]],
    [0, ["sync", "--dry-run", "INPUT"]],
    [0, ["status"]],
    [0, ["report"]],
    [0, ["report", "--format", "md"]],
    [0, ["infer"]],
    [0, ["plan"]],
    [0, ["plan", "--sql"]],
    [0, ["explain", "config/'; DROP TABLE runs; --"]],
    [0, ["explain", "config/esc\u001b[31mred\u001b[0m"]],
    [0, ["explain", "history/\u202eright to left\u202c"]],
    [1, ["explain", "no \u001b[31m\u202e such"]],
    [2, ["import", "no such \u001b[31m\u202e\n file"]],
    [2, ["forget", "no such \u001b[31m\u202e\n run"]],
    [2, ["stat\u001b[31mus"]],
  ])("print nothing that steers a terminal: exit code %i of %j", async (expected, words) => {
    const args = words.map((word) => (word === "INPUT" ? join(folder, "input") : word));
    const { out, err, signal, code } = await runBounded([...args, ...inFolder], PATIENCE);
    expect(code, err).toBe(expected);
    expect(signal).toBeNull();
    for (const text of [out, err]) {
      const found = UNPRINTABLE.exec(text);
      expect(found === null ? "" : JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 20))).toBe(
        "",
      );
    }
  });
});

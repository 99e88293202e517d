import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DR_WANDB } from "../cli/cli.js";
import { chunk, exit, frame, history, message, record, run, update } from "../sources/wandb-folder/log-writer.js";
import { sized } from "./full.js";
import { type Ended, runBounded } from "./program.js";

const PATIENCE = sized(900, 240);
const MOST = 1.5e9;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wandb-columns-hostile-"));
  await mkdir(join(folder, "input"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const input = (name: string): string => join(folder, "input", name);

interface Told {
  readonly code: string;
  readonly severity: string;
  readonly findings: readonly { readonly run?: { readonly run_id: string } }[];
}

interface Imported extends Ended {
  readonly runs: number;
  /** Codes of the errors, each once. */
  readonly codes: readonly string[];
  /** Codes of the errors of a run. */
  readonly of: (run: string) => string[];
}

const project = (): string[] => ["--project", join(folder, "project"), "--quiet"];

async function importAll(memory = "1GB"): Promise<Imported> {
  const args = ["import", join(folder, "input"), ...project(), "--memory", memory, "--json"];
  const ended = await runBounded(args, PATIENCE);
  expect(ended.signal, ended.err.slice(0, 2000)).toBeNull();
  expect(ended.err).not.toContain("Unexpected error");
  expect(ended.peak).toBeLessThan(MOST);
  if (ended.code === 2) return { ...ended, runs: 0, codes: [], of: () => [] };
  const { findings, runs } = JSON.parse(ended.out) as { findings: readonly Told[]; runs: number };
  const errors = findings.filter(({ severity }) => severity === "error");
  expect(ended.code).toBe(errors.length > 0 ? 1 : 0);
  const of = (run: string): string[] =>
    errors.flatMap(({ code, findings: each }) => (each.some((item) => item.run?.run_id === run) ? [code] : []));
  return { ...ended, runs, codes: errors.map(({ code }) => code), of };
}

async function exportAll(): Promise<void> {
  const exported = await runBounded(["export", ...project(), "--memory", "1GB", "--fail-on", "never"], PATIENCE);
  expect(exported.code, exported.err.slice(0, 2000)).toBe(0);
}

/** History rows by run, after an export. */
async function rows(): Promise<Record<string, number>> {
  await exportAll();
  const { out, code } = await runBounded(["rebuild", ...project()], PATIENCE);
  expect(code).toBe(0);
  const counts: Record<string, number> = {};
  for (const line of out.split("\n")) {
    const run = /^\{"kind":"history".*?"run_id":"([^"]*)"/.exec(line)?.[1];
    if (run !== undefined) counts[run] = (counts[run] ?? 0) + 1;
  }
  return counts;
}

describe("a .wandb whose lengths lie", () => {
  const log = (records: readonly Uint8Array[], id = "r1"): Promise<void> =>
    writeFile(input(`run-${id}.wandb`), frame(records));
  const lied = (...bytes: number[]): Uint8Array => Buffer.from(bytes);

  it("one record: the others come", async () => {
    const bad = {
      "4 GB": message([2, "x"]).with(1, 0xff),
      endless: lied(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      item: record("history", lied(0x0a, 0x7f, 0x0a, 0x01, 0x61)),
      key: record("history", lied(0x0a, 0x04, 0x0a, 0x7f, 0x61, 0x62)),
      groups: Buffer.alloc(200_000, 0x0b),
    };
    for (const [id, bytes] of Object.entries(bad)) {
      await log([run([1, id]), history([["a", "1"]], 0), bytes, history([["a", "2"]], 1), exit()], id);
    }
    const { of, codes } = await importAll();
    expect(codes).toEqual(["source/damaged"]);
    for (const id of Object.keys(bad)) expect(of(id), id).toEqual(["source/damaged"]);
    expect(await rows()).toEqual(Object.fromEntries(Object.keys(bad).map((id) => [id, 2])));
  });

  it("a chunk that says it is longer than its block", async () => {
    const bytes = frame([run(), history([["a", "1"]], 0), history([["a", "2"]], 1), exit()]);
    bytes.writeUInt16LE(0xffff, 7 + 4);
    await writeFile(input("run-r1.wandb"), bytes);
    expect((await importAll()).codes).toContain("source/damaged");
  });

  it("a record that never ends, in more bytes than the memory holds", async () => {
    const blocks: Buffer[] = [];
    let isFirst = true;
    for (let at = 7; at < sized(150e6, 40e6); at += 32_768 - (at % 32_768)) {
      blocks.push(chunk(isFirst ? 2 : 3, Buffer.alloc(32_768 - (at % 32_768) - 7, 0x61)));
      isFirst = false;
    }
    await writeFile(input("run-r1.wandb"), Buffer.concat([frame([]).subarray(0, 7), ...blocks]));
    await log([run([1, "r2"]), history([["a", "1"]], 0), exit()], "r2");
    const { of, runs, peak } = await importAll("200MB");
    expect([of("r1"), of("r2"), runs]).toEqual([expect.arrayContaining(["source/too-long"]), [], 2]);
    expect(peak).toBeLessThan(700e6);
  });

  it("a config that is set a hundred thousand times over", async () => {
    const value = JSON.stringify("y".repeat(1000));
    const updates = Array.from({ length: sized(100_000, 30_000) }, (_, i) => update("config", [[`key ${i}`, value]]));
    await log([run(), ...updates, history([["a", "1"]], 0), exit()]);
    const { codes, peak } = await importAll("200MB");
    expect(codes).toEqual(["source/too-long"]);
    expect(peak).toBeLessThan(700e6);
    await exportAll();
    const row = '"run_id":"r1","step":0,"ordinal":0,"row":{';
    expect([...(await runBounded(["rebuild", ...project()], PATIENCE, [row])).found]).toEqual([row]);
  });
});

describe("a Parquet file that lies", () => {
  const NAME = "runs_history.parquet";

  async function spoilt(change: (bytes: Buffer, footer: number) => Buffer): Promise<void> {
    const bytes = await readFile(join(DR_WANDB, NAME));
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    await writeFile(input(NAME), change(bytes, footer));
    await writeFile(input("runs_metadata.parquet"), await readFile(join(DR_WANDB, "runs_metadata.parquet")));
  }

  function withLength(bytes: Buffer, length: number): Buffer {
    bytes.writeUInt32LE(length, bytes.length - 8);
    return bytes;
  }

  /** What stands between the start of the file and its footer is noise. */
  const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 197 + 13) % 256));

  it.each<[string, (bytes: Buffer, footer: number) => Buffer]>([
    ["about the length of its footer: 0", (bytes) => withLength(bytes, 0)],
    ["about the length of its footer: 4 GB", (bytes) => withLength(bytes, 0xffffffff)],
    ["about the length of its footer: one byte less", (bytes, footer) => withLength(bytes, bytes.length - 9 - footer)],
    [
      "about what it is",
      (bytes, footer) => Buffer.concat([bytes.subarray(0, 4), noise(footer - 4), bytes.subarray(footer)]),
    ],
    [
      "about its pages",
      (bytes, footer) => Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(footer - 4, 0xff), bytes.subarray(footer)]),
    ],
    ["and has no footer", (bytes, footer) => Buffer.concat([bytes.subarray(0, footer), bytes.subarray(-8)])],
    ["and is a part of itself", (bytes) => Buffer.concat([bytes.subarray(0, bytes.length >> 1), bytes.subarray(-4)])],
  ])("%s: the runs come without it", async (_, change) => {
    await spoilt(change);
    const { codes, runs } = await importAll();
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.every((code) => code.startsWith("source/") || code === "run/short")).toBe(true);
    expect(runs).toBeGreaterThan(0);
  });
});

describe("compression that expands beyond measure", () => {
  async function write(name: string, query: string): Promise<void> {
    const instance = await DuckDBInstance.create(":memory:", { memory_limit: "8GB", threads: "1" });
    const connection = await instance.connect();
    await connection.run(`COPY (${query}) TO '${input(name)}' (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
    instance.closeSync();
  }
  const keys = "'r' || i AS run_id, 'e' AS entity, 'p' AS project";
  const runsOf = (count: number, size: number): Promise<void> => {
    const config = `'{"n":' || i || ',"s":"' || repeat('x', ${size}) || '"}' AS config`;
    return write("runs_metadata.parquet", `SELECT ${keys}, ${config}, '{"a":1}' AS summary FROM range(${count}) t(i)`);
  };

  it("configs of 1 MB in a few kB come, a few at a time", async () => {
    const count = sized(200, 100);
    await runsOf(count, 1_000_000);
    const { codes, runs } = await importAll(`${sized(1000, 400)}MB`);
    expect([codes, runs]).toEqual([[], count]);
  });

  it("2 GB of configs in one page are left out, and the runs come", async () => {
    const count = sized(2000, 400);
    await runsOf(count, 1_000_000);
    const { codes, runs } = await importAll(`${sized(1000, 200)}MB`);
    expect([codes, runs]).toEqual([["source/too-long"], count]);
  });

  it("cells of 200 MB are left out, and the runs come", async () => {
    await runsOf(4, sized(200e6, 40e6));
    const { codes, runs } = await importAll(`${sized(1000, 200)}MB`);
    expect([codes, runs]).toEqual([["source/too-long"], 4]);
  });

  it("a hundred million rows that are all the same are refused", async () => {
    const rows = sized(100_000_000, 2_000_000);
    await write(
      "runs_metadata.parquet",
      `SELECT 'r' AS run_id, 'e' AS entity, 'p' AS project FROM range(${rows}) t(i)`,
    );
    const { code, err } = await importAll();
    expect([code, err]).toEqual([2, expect.stringContaining(`${rows} rows`)]);
  });
});

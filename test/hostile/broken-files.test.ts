import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DR_WANDB } from "../cli/cli.js";
import { chunk, exit, frame, history, message, record, run, update } from "../sources/wandb-folder/log-writer.js";
import { type Ended, runBounded } from "./program.js";

const PATIENCE = 240;
const MOST = 1.5e9;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "wandb-columns-hostile-"));
  await mkdir(join(folder, "input"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const input = (name: string): string => join(folder, "input", name);

async function sync(memory = "1GB"): Promise<Ended & { codes: string[] }> {
  const args = ["sync", join(folder, "input"), "--project", join(folder, "project"), "--memory", memory, "--quiet"];
  const ended = await runBounded([...args, "--json"], PATIENCE);
  expect(ended.signal, ended.err.slice(0, 2000)).toBeNull();
  expect(ended.err).not.toContain("Unexpected error");
  expect(ended.peak).toBeLessThan(MOST);
  if (ended.code === 2) return { ...ended, codes: [] };
  const { findings } = JSON.parse(ended.out) as { findings: readonly { code: string; severity: string }[] };
  const errors = findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
  expect(ended.code).toBe(errors.length > 0 ? 1 : 0);
  return { ...ended, codes: errors };
}

async function rows(): Promise<string[]> {
  const { out, code } = await runBounded(["rebuild", "--project", join(folder, "project"), "--quiet"], PATIENCE);
  expect(code).toBe(0);
  return out.split("\n").filter((line) => line.includes('"kind":"history"'));
}

describe("a .wandb whose lengths lie", () => {
  const log = (records: readonly Uint8Array[]): Promise<void> => writeFile(input("run-r1.wandb"), frame(records));
  const lied = (...bytes: number[]): Uint8Array => Buffer.from(bytes);

  it.each([
    ["a field that says 4 GB", message([2, "x"]).with(1, 0xff)],
    ["a length that does not end", lied(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ["a row whose item runs past it", record("history", lied(0x0a, 0x7f, 0x0a, 0x01, 0x61))],
    ["an item whose key runs past it", record("history", lied(0x0a, 0x04, 0x0a, 0x7f, 0x61, 0x62))],
    ["groups in groups", Buffer.alloc(200_000, 0x0b)],
  ])("%s: the other records come", async (_, bad) => {
    await log([run(), history([["a", "1"]], 0), bad, history([["a", "2"]], 1), exit()]);
    const { codes } = await sync();
    expect(codes).toEqual(["source/damaged"]);
    expect(await rows()).toHaveLength(2);
  });

  it("a chunk that says it is longer than its block", async () => {
    const bytes = frame([run(), history([["a", "1"]], 0), history([["a", "2"]], 1), exit()]);
    bytes.writeUInt16LE(0xffff, 7 + 4);
    await writeFile(input("run-r1.wandb"), bytes);
    expect((await sync()).codes).toContain("source/damaged");
  });

  it("a record that never ends, in more bytes than the memory holds", async () => {
    const blocks: Buffer[] = [];
    let isFirst = true;
    for (let at = 7; at < 150e6; at += 32_768 - (at % 32_768)) {
      blocks.push(chunk(isFirst ? 2 : 3, Buffer.alloc(32_768 - (at % 32_768) - 7, 0x61)));
      isFirst = false;
    }
    await writeFile(input("run-r1.wandb"), Buffer.concat([frame([]).subarray(0, 7), ...blocks]));
    await mkdir(input("other"));
    await writeFile(input("other/run-r2.wandb"), frame([run(), history([["a", "1"]], 0), exit()]));
    const { codes, peak } = await sync("200MB");
    expect(codes).toContain("source/too-long");
    expect(peak).toBeLessThan(700e6);
  });

  it("a config that is set a hundred thousand times over", async () => {
    const value = JSON.stringify("y".repeat(1000));
    const updates = Array.from({ length: 100_000 }, (_, i) => update("config", [[`key ${i}`, value]]));
    await log([run(), ...updates, history([["a", "1"]], 0), exit()]);
    const { codes, peak } = await sync("200MB");
    expect(codes).toContain("source/too-long");
    expect(peak).toBeLessThan(700e6);
    expect(await rows()).toHaveLength(1);
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
    const { codes } = await sync();
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.every((code) => code.startsWith("source/") || code === "run/short")).toBe(true);
    const { out } = await runBounded(["status", "--project", join(folder, "project"), "--json"], PATIENCE);
    expect((JSON.parse(out) as { runs: number }).runs).toBeGreaterThan(0);
  });
});

describe("compression that expands beyond measure", () => {
  async function write(name: string, query: string): Promise<void> {
    const instance = await DuckDBInstance.create(":memory:", { memory_limit: "4GB", threads: "1" });
    const connection = await instance.connect();
    await connection.run(`COPY (${query}) TO '${input(name)}' (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
    instance.closeSync();
  }
  const run = "'r' || i AS run_id, 'e' AS entity, 'p' AS project";

  it("2 GB of configs of 1 MB in a few kB come, a few at a time", async () => {
    const config = `'{"n":' || i || ',"s":"' || repeat('x', 1000000) || '"}'`;
    await write("runs_metadata.parquet", `SELECT ${run}, ${config} AS config FROM range(2000) t(i)`);
    const { codes } = await sync();
    expect(codes).toEqual([]);
  });

  it("cells of 200 MB are left out, and the runs come", async () => {
    const config = `'{"n":' || i || ',"s":"' || repeat('x', 200000000) || '"}'`;
    await write("runs_metadata.parquet", `SELECT ${run}, ${config} AS config, '{"a":1}' AS summary FROM range(4) t(i)`);
    const { codes } = await sync();
    expect(codes).toContain("source/too-long");
  });

  it("a hundred million rows that are all the same are refused", async () => {
    await write(
      "runs_metadata.parquet",
      `SELECT 'r' AS run_id, 'e' AS entity, 'p' AS project FROM range(100000000) t(i)`,
    );
    const { code, err } = await sync();
    expect([code, err]).toEqual([2, expect.stringContaining("100000000 rows")]);
  });
});

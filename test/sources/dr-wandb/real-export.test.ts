import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import { isObject, locate, membersOf, sameJson } from "../../../src/sources/dr-wandb/json-object.js";
import { type ImportedLog, imported, SAMPLE } from "./export-fixture.js";

let logs: ImportedLog[] = [];
let findings: unknown[] = [];
let rows: Record<string, unknown>[] = [];
let history: Record<string, unknown>[] = [];

async function readAll(file: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const read = await connection.runAndReadAll(`SELECT * FROM read_parquet('${SAMPLE}/${file}')`);
  return read.getRowObjects();
}

beforeAll(async () => {
  ({ logs, findings } = await imported(SAMPLE));
  rows = await readAll("runs_metadata.parquet");
  history = await readAll("runs_history.parquet");
});

const parsed = (text: string | undefined) => {
  const value = locate(Buffer.from(text ?? "", "utf8"));
  if ("problem" in value || !isObject(value)) throw new Error(`no JSON object: ${text?.slice(0, 50)}`);
  return value;
};
const keys = (text: string | undefined) => parsed(text).node.members.map((member) => member.key);

describe("a real export", () => {
  it("gives its six runs without a finding", () => {
    expect(findings).toEqual([]);
    expect(logs.map((log) => log.key)).toEqual(
      rows.map((row) => ({
        entity: "ml-moe",
        project: "ft-scaling",
        run_id: row["run_id"],
        source: "dr-wandb",
        start: "",
      })),
    );
    expect(logs.map((log) => [log.history.length, log.expectedRows, log.state])).toEqual(
      [141, 0, 2106, 146, 146, 10].map((count) => [count, count, "complete"]),
    );
  });

  it("keeps summary, system info and system metrics byte for byte", () => {
    for (const [i, row] of rows.entries()) {
      const { summary, system_info, system_metrics } = logs[i]?.blobs ?? {};
      expect([summary, system_info, system_metrics]).toEqual(
        [row["summary"], row["wandb_metadata"], row["system_metrics"]].map((text) => text ?? undefined),
      );
    }
  });

  it("adds _wandb to the config and changes nothing else in it", () => {
    for (const [i, row] of rows.entries()) {
      const own = membersOf(parsed(logs[i]?.blobs.config));
      const column = membersOf(parsed(String(row["config"])));
      expect(own.slice(0, -1).map(({ key, text }) => [key, text])).toEqual(column.map(({ key, text }) => [key, text]));
      expect(own.at(-1)?.key).toBe("_wandb");
      expect(keys(own.at(-1)?.text)).toEqual(expect.arrayContaining(["m", "t", "cli_version", "python_version"]));
    }
  });

  it("the run blob is the GraphQL node without the copies", () => {
    for (const [i, row] of rows.entries()) {
      const node = membersOf(parsed(String(row["system_attrs"])));
      const dropped = new Set(["config", "summaryMetrics", "systemMetrics", "rawconfig", "name"]);
      const left = node.filter((member) => !dropped.has(member.key)).map(({ key, text }) => [key, text]);
      expect(membersOf(parsed(logs[i]?.blobs.run)).map(({ key, text }) => [key, text])).toEqual(left);
    }
  });

  it("what was dropped is what other blobs have", () => {
    for (const [i, row] of rows.entries()) {
      const node = new Map(membersOf(parsed(String(row["system_attrs"]))).map((member) => [member.key, member.value]));
      const blobs = logs[i]?.blobs;
      const same = (member: string, text: string | undefined) => {
        const copy = node.get(member);
        return copy !== undefined && sameJson(copy, parsed(text));
      };
      expect(same("rawconfig", blobs?.config)).toBe(true);
      expect(same("config", String(row["config"]))).toBe(true);
      expect(same("summaryMetrics", blobs?.summary)).toBe(true);
      expect(same("systemMetrics", blobs?.system_metrics)).toBe(true);
    }
  });

  it("every history row has exactly the cells of its Parquet row, by step", () => {
    const columns = ["_step", "_timestamp", "_runtime", "total_tokens", "train_loss", "learning_rate"];
    const sources = ["step", "timestamp", "runtime", "total_tokens", "train_loss", "learning_rate"];
    for (const log of logs) {
      const want = history
        .filter((row) => row["run_id"] === log.key.run_id)
        .map((row) => sources.flatMap((name, i) => (row[name] === null ? [] : [[columns[i], Number(row[name])]])))
        .map((members) => Object.fromEntries(members));
      const found = log.history.map((text) => JSON.parse(text));
      expect(found).toEqual(want.sort((a, b) => a["_step"] - b["_step"]));
    }
  });

  it("spells whole doubles without a fraction", () => {
    expect(logs[0]?.history[0]).toBe(
      '{"_step":100,"_timestamp":1755581965.2730658,"_runtime":386.353550792,"total_tokens":9062103,"train_loss":4293.64,"learning_rate":0.0000228311}',
    );
  });
});

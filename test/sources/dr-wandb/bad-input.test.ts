import * as files from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importDrWandb } from "../../../src/sources/dr-wandb/import.js";
import { recogniseDrWandb } from "../../../src/sources/dr-wandb/layout.js";
import { openStore } from "../../../src/store/raw-store.js";
import { liveRows, storeEnv } from "../../store/store-fixture.js";
import { env, exportFolder, imported, SAMPLE, temporaryFolder } from "./export-fixture.js";

const METADATA = "runs_metadata.parquet";
const HISTORY = "runs_history.parquet";
const good = {
  [METADATA]: "SELECT 'r1' AS run_id, 'e' AS entity, 'p' AS project",
  [HISTORY]: "SELECT 'r1' AS run_id, 1 AS step",
};
const codes = (findings: readonly { code: string }[]) => findings.map((item) => item.code);

async function spoilt(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const folder = await exportFolder(good);
  const path = join(folder, name);
  await files.writeFile(path, change(await files.readFile(path)));
  return folder;
}

describe("recogniseDrWandb", () => {
  it("knows an export by its file names", async () => {
    const { layout } = await recogniseDrWandb(SAMPLE, files);
    expect(layout).toEqual({
      kind: "parquet",
      path: SAMPLE,
      metadata: join(SAMPLE, METADATA),
      components: [],
      history: join(SAMPLE, HISTORY),
      unknown: [],
      others: [],
    });
  });

  it("one file is enough", async () => {
    const path = join(SAMPLE, HISTORY);
    expect((await recogniseDrWandb(path, files)).layout).toMatchObject({ history: path, metadata: undefined });
  });

  it("tells why a path is no export", async () => {
    const empty = await temporaryFolder();
    const other = await exportFolder({ "table.parquet": "SELECT 1 AS x" });
    const missing = join(empty, "missing");
    for (const [path, reason] of [
      [empty, "found nothing"],
      [other, "found other files"],
      [join(other, "table.parquet"), "found other files"],
      [missing, "cannot be read"],
    ] as const) {
      const { layout, reasons } = await recogniseDrWandb(path, files);
      expect(layout).toBeUndefined();
      expect(reasons[0]).toContain(reason);
      await expect(imported(path)).rejects.toMatchObject({ code: "source/unrecognised" });
    }
  });
});

describe("a file that cannot be read", () => {
  it.each([
    ["not Parquet", METADATA, () => Buffer.from("run_id,config\n1,2\n"), "source/wrong-shape"],
    ["empty", METADATA, () => Buffer.alloc(0), "source/wrong-shape"],
    ["cut", METADATA, (bytes: Buffer) => bytes.subarray(0, bytes.length - 9), "source/truncated"],
    ["cut after its first bytes", METADATA, () => Buffer.from("PAR1"), "source/damaged"],
    [
      "with a footer of noise",
      METADATA,
      (bytes: Buffer) => Buffer.from(bytes).fill(0xaa, 4, bytes.length - 8),
      "source/damaged",
    ],
  ])("%s: a finding, and the history is imported", async (_name, name, change, code) => {
    const { logs, findings, outside } = await imported(await spoilt(name, change));
    expect(codes(outside)).toEqual([code]);
    expect(outside[0]?.where?.file).toMatch(/runs_metadata\.parquet$/);
    expect(codes(findings)).toEqual([code, "run/unknown-place"]);
    expect(logs.map((log) => [log.key.run_id, log.history])).toEqual([["r1", ['{"_step":1}']]]);
  });

  it("a history that is cut: the runs are imported as damaged, without a count to miss", async () => {
    const { logs, findings } = await imported(await spoilt(HISTORY, (bytes) => bytes.subarray(0, bytes.length - 1)));
    expect(codes(findings)).toEqual(["source/truncated"]);
    expect(logs.map((log) => [log.key.run_id, log.state, log.history, log.expectedRows])).toEqual([
      ["r1", "damaged", [], undefined],
    ]);
  });

  it("nothing that can be read is an error that says so", async () => {
    const folder = await spoilt(METADATA, () => Buffer.from("nope"));
    await files.rm(join(folder, HISTORY));
    await expect(imported(folder)).rejects.toMatchObject({
      code: "source/unreadable",
      message: expect.stringContaining("is not a Parquet file"),
    });
  });

  it("a folder with the name of a file", async () => {
    const folder = await exportFolder({ [METADATA]: good[METADATA] });
    await files.mkdir(join(folder, HISTORY));
    const { logs, findings } = await imported(folder);
    expect(codes(findings)).toEqual(["source/unreadable"]);
    expect(logs).toHaveLength(1);
  });

  it("other Parquet files beside an export are told of", async () => {
    const { findings } = await imported(await exportFolder({ ...good, "extra.parquet": "SELECT 1 AS x" }));
    expect(codes(findings)).toEqual(["source/unrecognised"]);
  });
});

describe("wrong columns", () => {
  it("a file without run_id", async () => {
    const { findings, logs } = await imported(
      await exportFolder({ ...good, [METADATA]: "SELECT 1 AS id, '{}' AS config" }),
    );
    expect(findings[0]).toMatchObject({
      code: "source/wrong-shape",
      message: expect.stringContaining("its columns are id, config"),
    });
    expect(logs).toHaveLength(1);
  });

  it("a run_id that is a number, blobs that are structs, a config that is a number", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        [METADATA]:
          "SELECT 7 AS run_id, 'e' AS entity, 'p' AS project, {'lr': 0.1::DOUBLE, 'gone': NULL::INTEGER} AS summary, 5 AS config",
        [HISTORY]: "SELECT 7 AS run_id, 1 AS step",
      }),
    );
    expect(logs.map((log) => [log.key.run_id, log.history.length, log.blobs])).toEqual([
      ["7", 1, { run: "{}", summary: '{"lr":0.1}', config: "5" }],
    ]);
    expect(codes(findings)).toEqual(["json/refused"]);
  });
});

describe("JSON that does not parse", () => {
  const rows = `SELECT 'r' || range AS run_id, 'e' AS entity, 'p' AS project,
    if(range = 7, '{"lr": 0.1, "x": }', '{"lr": 0.1}') AS config, '{"a":1}' AS summary,
    if(range = 3, '{"state":', '{"state":"finished"}') AS system_attrs, 'finished' AS state FROM range(1, 10)`;

  it("in row 7 of column config: told with file, row, column and run, kept, and the rest imported", async () => {
    const folder = await exportFolder({ [METADATA]: rows });
    const { logs, findings } = await imported(folder);
    expect(findings[1]).toMatchObject({
      code: "json/refused",
      blob: "config",
      message: expect.stringMatching(/^Row 7 of column config is not a JSON object: .*character 17/),
      where: { file: join(folder, METADATA), row: 7, run: "r7" },
      evidence: '{"lr": 0.1, "x": }',
    });
    expect(logs).toHaveLength(9);
    expect(logs[6]?.blobs).toEqual({ run: '{"state":"finished"}', config: '{"lr": 0.1, "x": }', summary: '{"a":1}' });
  });

  it("in system_attrs: the columns make the run blob, which keeps the text", async () => {
    const { logs, findings } = await imported(await exportFolder({ [METADATA]: rows }));
    expect(findings[0]).toMatchObject({ code: "json/refused", blob: "run", where: { row: 3, run: "r3" } });
    expect(logs[2]?.blobs.run).toBe('{"system_attrs":"{\\"state\\":","state":"finished"}');
  });

  it("in the store: one finding, the text as it came", async () => {
    const folder = await temporaryFolder();
    const store = await openStore(folder, storeEnv());
    const writer = await store.writer();
    await importDrWandb(await exportFolder({ [METADATA]: rows }), writer, {}, env);
    const { findings } = await writer.commit();
    expect(findings.filter((item) => item.blob === "config")).toHaveLength(1);
    expect(await liveRows(folder, "run", "config")).toContainEqual({
      config: '{"lr": 0.1, "x": }',
    });
  });
});

describe("run ids", () => {
  it("NULL becomes the empty run id, with a finding", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        [METADATA]: "SELECT NULL::VARCHAR AS run_id, 'e' AS entity, 'p' AS project, 'finished' AS state",
        [HISTORY]: "SELECT * FROM (VALUES (NULL, 1), ('r2', 1)) t(run_id, step)",
      }),
    );
    expect(logs.map((log) => [log.key.run_id, log.history.length])).toEqual([
      ["", 1],
      ["r2", 1],
    ]);
    expect(codes(findings)).toEqual(["source/wrong-shape", "run/unknown-place"]);
  });

  it("a row that is there twice is dropped when it is the same, and kept in the run blob when it is not", async () => {
    const { logs, findings } = await imported(
      await exportFolder({
        [METADATA]: `SELECT run_id, 'e' AS entity, 'p' AS project, config FROM (VALUES
          ('r1', '{"a":1}'), ('r2', '{"a":1}'), ('r1', '{"a":1}'), ('r2', '{"a":2'), ('r3', '{}')) t(run_id, config)`,
      }),
    );
    expect(logs.map((log) => [log.key.run_id, log.blobs])).toEqual([
      ["r1", { run: "{}", config: '{"a":1}' }],
      [
        "r2",
        {
          run: '{"repeated_rows":[{"run_id":"r2","entity":"e","project":"p","config":"{\\"a\\":2"}]}',
          config: '{"a":1}',
        },
      ],
      ["r3", { run: "{}", config: "{}" }],
    ]);
    expect(findings).toMatchObject([{ code: "source/wrong-shape", where: { row: 4, run: "r2" } }]);
  });

  it("the same id in two projects is two runs; the history goes to the first", async () => {
    const { logs } = await imported(
      await exportFolder({
        [METADATA]: "SELECT 'r1' AS run_id, 'e' AS entity, unnest(['p', 'q']) AS project",
        [HISTORY]: "SELECT 'r1' AS run_id, 1 AS step",
      }),
    );
    expect(logs.map((log) => [log.key.project, log.history.length])).toEqual([
      ["p", 1],
      ["q", 0],
    ]);
  });

  it("entity and project come from the options where the file does not say", async () => {
    const folder = await exportFolder({ [METADATA]: "SELECT 'r1' AS run_id, NULL::VARCHAR AS entity, 'p' AS project" });
    const without = await imported(folder);
    expect([without.logs[0]?.key, codes(without.findings)]).toEqual([
      { entity: "", project: "p", run_id: "r1", source: "dr-wandb", start: "" },
      ["run/unknown-place"],
    ]);
    const { logs, findings } = await imported(folder, { entity: "mine", project: "unused" });
    expect([logs[0]?.key.entity, logs[0]?.key.project, findings]).toEqual(["mine", "p", []]);
  });
});

it("stops when it is told to", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(imported(SAMPLE, { signal })).rejects.toThrow("enough");
});

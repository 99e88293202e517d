import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { finding } from "../../src/finding.js";
import { HAZARD } from "../../src/profile/profile.js";
import { openStore, type RawStore } from "../../src/store/raw-store.js";
import { importLogs, liveRows, logKey, query, storeEnv, temporaryFolder, writeLog } from "./store-fixture.js";

let folder = "";
let store: RawStore;
beforeEach(async () => {
  folder = await temporaryFolder();
  store = await openStore(folder, storeEnv());
});

const files = async (kind: string): Promise<string[]> => (await readdir(join(folder, kind))).sort();

describe("what a segment holds", () => {
  it("history: keys, place and exact text of each row", async () => {
    await importLogs(store, {
      key: { start: "2026-01-01T00:00:00Z" },
      rows: ['{"_step":3,"loss":1.50}', '{ "_step" : 1, "loss" : NaN }', '{"loss":0.1,"_step":3}'],
    });
    const rows = await liveRows(folder, "history", "*");
    const common = {
      entity: "team",
      project: "vision",
      run_id: "r1",
      source: "wandb-log",
      log: "2026-01-01T00:00:00Z",
      version: 1n,
      fetched_at: new Date("2026-01-02T03:04:05.678Z"),
    };
    const plain = { history_hazards: HAZARD.NO_NULLS };
    expect(rows).toEqual([
      {
        ...common,
        step: 1n,
        ordinal: 0n,
        position: 1n,
        history: '{ "_step" : 1, "loss" : NaN }',
        history_hazards: HAZARD.NONFINITE_TOKEN | HAZARD.NO_NULLS,
      },
      { ...common, step: 3n, ordinal: 0n, position: 0n, history: '{"_step":3,"loss":1.50}', ...plain },
      { ...common, step: 3n, ordinal: 1n, position: 2n, history: '{"loss":0.1,"_step":3}', ...plain },
    ]);
  });

  it("run: every blob with its hazards, NULL where there is none, and the life of the log", async () => {
    await importLogs(store, {
      blobs: { run: '{"state":"finished"}', config: '{"lr":-0}', summary: "{}" },
      rows: ['{"_step":0}'],
      state: "complete",
      expectedRows: 1,
    });
    const columns =
      "state, expected_rows, history_rows, run, config, config_hazards, summary_hazards, system_info, system_info_hazards";
    expect(await liveRows(folder, "run", columns)).toEqual([
      {
        state: "complete",
        expected_rows: 1n,
        history_rows: 1n,
        run: '{"state":"finished"}',
        config: '{"lr":-0}',
        config_hazards: HAZARD.NEGATIVE_ZERO_INTEGER | HAZARD.NO_NULLS,
        summary_hazards: HAZARD.EMPTY | HAZARD.NO_NULLS,
        system_info: null,
        system_info_hazards: null,
      },
    ]);
  });

  it("system_event: the events in the order of the stream", async () => {
    await importLogs(store, { events: ['{"system.cpu":2}', '{"system.cpu":1}'] });
    expect(await liveRows(folder, "system_event", "ordinal, system_event")).toEqual([
      { ordinal: 0n, system_event: '{"system.cpu":2}' },
      { ordinal: 1n, system_event: '{"system.cpu":1}' },
    ]);
  });

  it("has the documented columns and types", async () => {
    await importLogs(store, { rows: ["{}"], events: ["{}"] });
    const described: Record<string, string> = {};
    for (const kind of ["run", "history", "system_event"] as const) {
      const [segment] = store.liveSegments(kind);
      const rows = await query(`DESCRIBE SELECT * FROM read_parquet('${segment?.path}')`);
      described[kind] = rows.map((row) => `${row["column_name"]} ${row["column_type"]}`).join(", ");
    }
    const key = "entity VARCHAR, project VARCHAR, run_id VARCHAR, source VARCHAR, log VARCHAR";
    const life = "version BIGINT, fetched_at TIMESTAMP WITH TIME ZONE";
    const blob = (name: string) => `${name} VARCHAR, ${name}_hazards INTEGER`;
    expect(described).toEqual({
      run: [
        key,
        "state VARCHAR",
        life,
        "expected_rows BIGINT, history_rows BIGINT",
        ...["run", "config", "summary", "system_info", "system_metrics"].map(blob),
      ].join(", "),
      history: [key, life, "step BIGINT, ordinal BIGINT, position BIGINT", blob("history")].join(", "),
      system_event: [key, life, "ordinal BIGINT", blob("system_event")].join(", "),
    });
  });

  it("key texts that are hostile come back as they were", async () => {
    const run_id = "a'b\"]; DROP TABLE x; --*?[x]\u{1f600}\ufeff";
    await importLogs(store, { key: { run_id, entity: "\ufeffe", project: "" }, rows: ["{}"] });
    const [row] = await liveRows(folder, "history", "encode(entity) AS entity, run_id, project");
    expect(row).toMatchObject({ run_id, project: "" });
    expect(Buffer.from(row?.["entity"] as Uint8Array).toString("hex")).toBe("efbbbf65");
    expect((await store.profile()).blobs.history?.runs).toEqual([JSON.stringify(["\ufeffe", "", run_id])]);
  });
});

describe("the step of a history row", () => {
  it.each([
    ["is that of the record", { step: 7n, text: '{"_step":7}' }, 7n, '{"_step":7}', 0],
    [
      "wins over another _step, which is then odd",
      { step: 7n, text: '{"_step":8}' },
      7n,
      '{"_step":8}',
      HAZARD.ODD_STEP,
    ],
    ["is put into a row without it", { step: 7n, text: '{"a":{"_step":1}}' }, 7n, '{"_step":7,"a":{"_step":1}}', 0],
    ["is put into an empty row", { step: 0n, text: "{}" }, 0n, '{"_step":0}', 0],
    ["is not put into a refused text", { step: 7n, text: '{"a":' }, 7n, '{"a":', HAZARD.REFUSED],
    ["is _step when the record has none", '{"_step":12.0}', 12n, '{"_step":12.0}', HAZARD.ODD_STEP],
    ["is -1 when there is no _step", '{"a":1}', -1n, '{"a":1}', 0],
    ["is -1 when _step is no integer", '{"_step":"5"}', -1n, '{"_step":"5"}', HAZARD.ODD_STEP],
    ["-1 itself is odd", { step: -1n, text: '{"_step":-1}' }, -1n, '{"_step":-1}', HAZARD.ODD_STEP],
  ])("%s", async (_name, row, step, history, hazards) => {
    await importLogs(store, { rows: [row] });
    expect(await liveRows(folder, "history", "step, history, history_hazards AS hazards")).toEqual([
      { step, history, hazards: hazards === HAZARD.REFUSED ? hazards : hazards | HAZARD.NO_NULLS },
    ]);
  });

  it.each([
    ['{"a":1,"b":{"c":[null,{"d":null}]}}', HAZARD.NO_NULLS],
    ['{"a":{"b":null}}', 0],
    ['{"a":null,"a":1}', HAZARD.DUPLICATE_KEY],
  ])("NO_NULLS says that no member of an object outside lists is null: %s", async (row, hazards) => {
    await importLogs(store, { rows: [row] });
    expect(await liveRows(folder, "history", "history_hazards AS hazards")).toEqual([{ hazards }]);
  });

  it("a spliced step is in the profile once", async () => {
    await importLogs(store, { rows: [{ step: 4n, text: '{"a":1}' }] });
    const history = (await store.profile()).blobs.history;
    expect([history?.records, history?.bytes]).toEqual([1, '{"_step":4,"a":1}'.length]);
    expect([...(history?.root.children?.keys() ?? [])]).toEqual(["_step", "a"]);
  });
});

describe("texts that cannot be used", () => {
  it.each([
    ["cut", '{"a":1', '{"a":1', HAZARD.REFUSED, "json/refused"],
    ["empty", "", "", HAZARD.REFUSED, "json/refused"],
    ["not an object", "[1]", "[1]", HAZARD.REFUSED, "json/refused"],
    ["invalid UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "base64:e/99", HAZARD.REFUSED, "json/refused"],
    ["with a byte order mark", "\ufeff{}", "base64:77u/e30=", HAZARD.REFUSED, "json/refused"],
    ["with U+0000", '{"a":"\u0000"}', '{"a":"\u0000"}', HAZARD.REFUSED, "json/refused"],
    ["with a key twice", '{"a":1,"a":2}', '{"a":1,"a":2}', HAZARD.DUPLICATE_KEY, "json/duplicate-key"],
  ])("%s: kept as it came, with a finding", async (_name, text, stored, hazard, code) => {
    const { findings } = await importLogs(store, { blobs: { config: text }, rows: [text, '{"_step":1}'] });
    const [run] = await liveRows(folder, "run", "encode(config) AS config, config_hazards & 24576 AS hazard");
    expect(Buffer.from(run?.["config"] as Uint8Array).toString("utf8")).toBe(stored);
    expect(run?.["hazard"]).toBe(hazard);
    const [row] = await liveRows(folder, "history", "step, encode(history) AS text");
    expect([row?.["step"], Buffer.from(row?.["text"] as Uint8Array).toString("utf8")]).toEqual([-1n, stored]);
    expect(findings.map((item) => `${item.code} ${item.blob}`).sort()).toEqual(
      [`${code} config`, `${code} history`, "step/missing history"].sort(),
    );
    const { history, config } = (await store.profile()).blobs;
    expect([history?.records, history?.unusable, config?.unusable]).toEqual([2, 1, 1]);
  });

  it("are counted, not listed one by one", async () => {
    const { findings } = await importLogs(store, { rows: ["x", "y", "z", "{}"] });
    expect(findings.map((item) => [item.code, item.count, item.evidence])).toEqual([
      ["json/refused", 3, "x"],
      ["step/missing", 4, "x"],
    ]);
  });

  it("a finding of the source about the same blob stands for that of the store", async () => {
    const writer = await store.writer();
    writer.begin(logKey());
    writer.finding(finding("json/refused", "Row 7 of column config", { blob: "config" }));
    await writer.end({ run: Buffer.from("{}"), config: Buffer.from("nope") }, "complete");
    const { findings } = await writer.commit();
    expect(findings.map((item) => item.message)).toEqual(["Row 7 of column config"]);
  });
});

describe("importing again", () => {
  const log = { rows: ['{"_step":0,"a":1}', "broken"], blobs: { config: '{"x":1}' }, events: ['{"system.cpu":1}'] };

  it("the same records add nothing and tell the same findings", async () => {
    const first = await importLogs(store, log);
    const before = await readFile(join(folder, "manifest.json"), "utf8");
    const listed = [await files("run"), await files("history"), await files("system_event")];
    const second = await importLogs(store, log);
    expect([first.added.length, second.added.length, second.unchanged.length]).toEqual([1, 0, 1]);
    expect(second.findings).toEqual(first.findings);
    expect(await readFile(join(folder, "manifest.json"), "utf8")).toBe(before);
    expect([await files("run"), await files("history"), await files("system_event")]).toEqual(listed);
  });

  it.each([
    ["another row", { ...log, rows: [...log.rows, "{}"] }],
    ["another order of rows", { ...log, rows: [...log.rows].reverse() }],
    ["a given step", { ...log, rows: [{ step: 0n, text: log.rows[0] ?? "" }, "broken"] }],
    ["another blob", { ...log, blobs: { config: '{"x":2}' } }],
    ["a blob under another name", { ...log, blobs: { summary: '{"x":1}' } }],
    ["another event", { ...log, events: [] }],
    ["another state", { ...log, state: "growing" as const }],
    ["another count", { ...log, expectedRows: 2 }],
    ["rows cut in another place", { ...log, rows: ['{"_step":0,"a":1}b', "roken"] }],
  ])("%s replaces the older version and removes its segments", async (_name, changed) => {
    await importLogs(store, log);
    const summary = await importLogs(store, changed);
    expect([summary.added.length, summary.replaced]).toEqual([1, 1]);
    expect(store.manifest.versions.map((version) => version.id)).toEqual([2]);
    expect((await files("run")).length).toBe(2);
    expect((await liveRows(folder, "history", "version")).every((row) => row["version"] === 2n)).toBe(true);
  });

  it("a segment that also holds other logs stays, and its profile tells of live rows only", async () => {
    const rows = [0, 1, 2, 3].map((step) => `{"_step":${step},"b":1}`);
    const other = { key: { run_id: "r2" }, rows, blobs: { config: '{"x":"longer than the other"}' } };
    await importLogs(store, log, other);
    await importLogs(store, { ...log, rows: ['{"_step":0,"c":1}'] });
    const segments = store.liveSegments("history");
    expect(segments.map((segment) => [segment.rows, segment.liveRows, segment.versions])).toEqual([
      [6, 4, { live: [2], all: [1, 2] }],
      [1, 1, { live: [3], all: [3] }],
    ]);
    const history = (await store.profile(["history"])).blobs.history;
    expect([...(history?.root.children?.keys() ?? [])]).toEqual(["_step", "b", "c"]);
    expect([history?.records, history?.unusable, history?.runs.length]).toEqual([5, 0, 2]);
    expect(await liveRows(folder, "history", "run_id, history")).toEqual([
      ...rows.map((history) => ({ run_id: "r2", history })),
      { run_id: "r1", history: '{"_step":0,"c":1}' },
    ]);
    const named = store.manifest.segments.flatMap((segment) => [segment.file, segment.profile.file]);
    expect((await files("history")).map((name) => `history/${name}`)).toEqual(
      named.filter((name) => name.startsWith("history")).sort(),
    );
  });

  it("the same log twice in one import: the later one counts", async () => {
    await importLogs(store, { rows: ['{"_step":0,"a":1}'] }, { rows: ['{"_step":0,"b":1}'] });
    expect(await liveRows(folder, "history", "history")).toEqual([{ history: '{"_step":0,"b":1}' }]);
    const children = (await store.profile()).blobs.history?.root.children;
    expect([...(children?.keys() ?? [])]).toEqual(["_step", "b"]);
  });

  it("a better source hides another's rows without losing them", async () => {
    await importLogs(store, { key: { source: "dr-wandb" }, rows: ['{"_step":0,"old":1}'] });
    await importLogs(store, { key: { source: "wandb-log" }, rows: ['{"_step":0,"new":1}'] });
    expect(await liveRows(folder, "history", "source, history")).toEqual([
      { source: "wandb-log", history: '{"_step":0,"new":1}' },
    ]);
    expect(store.manifest.versions.map((version) => version.log.source)).toEqual(["dr-wandb", "wandb-log"]);
    expect([...((await store.profile()).blobs.history?.root.children?.keys() ?? [])]).toEqual(["_step", "new"]);
    expect(store.runs().map((run) => [run.source, run.history_rows])).toEqual([["wandb-log", 1]]);
  });

  it("several logs of one run keep their own rows", async () => {
    const rows = ['{"_step":0}'];
    await importLogs(store, { key: { start: "2" }, rows }, { key: { start: "1" }, rows: [...rows, ...rows] });
    expect(await liveRows(folder, "history", "log, step, ordinal")).toEqual([
      { log: "1", step: 0n, ordinal: 0n },
      { log: "1", step: 0n, ordinal: 1n },
      { log: "2", step: 0n, ordinal: 0n },
    ]);
    expect(store.runs().map((run) => [run.logs.map((item) => item.log.start), run.history_rows])).toEqual([
      [["1", "2"], 3],
    ]);
  });
});

describe("completeness", () => {
  it("tells of runs that still grow and of rows that are missing", async () => {
    const { findings } = await importLogs(
      store,
      { state: "growing", rows: ['{"_step":0}'] },
      { key: { run_id: "r2" }, rows: ['{"_step":0}'], expectedRows: 5 },
      { key: { run_id: "r3" }, rows: ['{"_step":0}'], expectedRows: 1 },
    );
    expect(findings.map((item) => [item.code, item.run?.run_id, item.message])).toEqual([
      ["run/growing", "r1", "The run had not ended yet"],
      ["run/short", "r2", "The run has 1 history rows; W&B counted 5"],
    ]);
    expect(store.findings()).toEqual(findings);
  });
});

describe("a writer", () => {
  it("shows nothing before commit, and leaves nothing after abort", async () => {
    await importLogs(store, { rows: ["{}"] });
    const before = await readFile(join(folder, "manifest.json"), "utf8");
    const writer = await store.writer();
    await writeLog(writer, { key: { run_id: "r2" }, rows: ["{}"] });
    expect((await openStore(folder, storeEnv())).runs()).toHaveLength(1);
    await writer.abort();
    expect(await readFile(join(folder, "manifest.json"), "utf8")).toBe(before);
    expect(await files("run")).toHaveLength(2);
    expect(await readdir(folder)).not.toContain("lock");
    expect(store.runs()).toHaveLength(1);
  });

  it("keeps a second one out until it is done", async () => {
    const writer = await store.writer();
    await expect(store.writer()).rejects.toMatchObject({ code: "store/locked" });
    await expect((await openStore(folder, storeEnv())).writer()).rejects.toMatchObject({ code: "store/locked" });
    await writer.commit();
    await (await store.writer()).abort();
  });

  it("refuses records outside of a log, and a log that was not ended", async () => {
    const writer = await store.writer();
    expect(() => writer.history(undefined, Buffer.from("{}"), 0, 2)).toThrow(
      expect.objectContaining({ code: "store/no-log" }),
    );
    writer.begin(logKey());
    expect(() => writer.begin(logKey())).toThrow(expect.objectContaining({ code: "store/open-log" }));
    await expect(writer.commit()).rejects.toMatchObject({ code: "store/open-log" });
    await writer.abort();
  });

  it("an import of nothing leaves an empty store", async () => {
    expect(await importLogs(store)).toEqual({ added: [], unchanged: [], replaced: 0, findings: [] });
    expect([store.runs(), store.liveSegments("history"), (await store.profile()).blobs]).toEqual([[], [], {}]);
  });

  it("copies bytes before it returns", async () => {
    const writer = await store.writer();
    const buffer = Buffer.from('??{"_step":1}??');
    writer.begin(logKey());
    writer.history(undefined, buffer, 2, buffer.length - 2);
    buffer.fill("x");
    await writer.end({ run: Buffer.from("{}") }, "complete");
    await writer.commit();
    expect(await liveRows(folder, "history", "history")).toEqual([{ history: '{"_step":1}' }]);
  });
});

describe("opening", () => {
  it("refuses a folder that has segments and no manifest, and leaves them", async () => {
    await importLogs(store, { rows: ["{}"] });
    await rm(join(folder, "manifest.json"));
    await expect(openStore(folder, storeEnv())).rejects.toMatchObject({ code: "store/manifest" });
    await expect(store.writer()).rejects.toMatchObject({ code: "store/manifest" });
    expect(await files("run")).toHaveLength(2);
    expect(await readdir(folder)).not.toContain("lock");
  });

  it("refuses a damaged manifest and leaves everything", async () => {
    await importLogs(store, { rows: ["{}"] });
    await writeFile(join(folder, "manifest.json"), "{");
    await expect(openStore(folder, storeEnv())).rejects.toMatchObject({ code: "store/manifest" });
  });

  it("removes what a crashed writer left, and nothing else", async () => {
    await importLogs(store, { rows: ["{}"] });
    const strays = [
      "run/000099.parquet",
      "run/000099.profile.json",
      "run/000098.parquet.tmp",
      "run/000001.r7.profile.json",
      "manifest.json.tmp",
    ];
    const kept = ["run/notes.txt", "run/mine.parquet", "readme.md"];
    for (const name of [...strays, ...kept]) await writeFile(join(folder, name), "x");
    await (await store.writer()).commit();
    const there = async (name: string) =>
      stat(join(folder, name)).then(
        () => true,
        () => false,
      );
    expect(await Promise.all(strays.map(there))).toEqual(strays.map(() => false));
    expect(await Promise.all(kept.map(there))).toEqual(kept.map(() => true));
    expect(await liveRows(folder, "history", "step")).toHaveLength(1);
  });
});

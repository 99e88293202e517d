import { describe, expect, it } from "vitest";
import { finding } from "../../src/finding.js";
import { liveRuns, liveVersions } from "../../src/store/live.js";
import { emptyManifest, type Manifest, manifestText, readManifest, type Version } from "../../src/store/manifest.js";
import { compareKeys, compareText } from "../../src/store/segment-key.js";
import { logKey, query } from "./store-fixture.js";

function version(id: number, changes: Partial<Version> = {}): Version {
  return {
    id,
    log: logKey(),
    digest: "0".repeat(64),
    state: "complete",
    rows: { history: 1, system_event: 0 },
    fetched_at: "2026-01-02T03:04:05.678Z",
    findings: [],
    ...changes,
  };
}

const key = { entity: "e", project: "p", run_id: "r", log: "" };
const full: Manifest = {
  ...emptyManifest(),
  versions: [version(1, { expectedRows: 3, findings: [finding("run/growing", "still going", { count: 2 })] })],
  segments: [
    {
      file: "history/000001.parquet",
      kind: "history",
      rows: 1,
      bytes: 10,
      first: { ...key, step: "-9223372036854775808", ordinal: 0 },
      last: { ...key, step: "5", ordinal: 2 },
      versions: [{ id: 1, rows: 1, text: 10 }],
      profile: { file: "history/000001.profile.json", versions: [1] },
    },
  ],
};

describe("readManifest", () => {
  it("reads what manifestText writes", () => {
    for (const manifest of [emptyManifest(), full]) expect(readManifest(manifestText(manifest), "m")).toEqual(manifest);
  });

  it.each([
    ["empty", "", "store/manifest"],
    ["not JSON", "PAR1", "store/manifest"],
    ["cut", manifestText(full).slice(0, -30), "store/manifest"],
    ["null", "null", "store/manifest"],
    ["a list", "[]", "store/manifest"],
    ["no format", "{}", "store/manifest"],
    ["a newer format", JSON.stringify({ ...full, format: 3 }), "store/format"],
    ["a step that is no integer", manifestText(full).replace('"5"', '"x"'), "store/manifest"],
    ["an unknown kind", manifestText(full).replace('"kind":"history"', '"kind":"files"'), "store/manifest"],
    ["an unknown source", manifestText(full).replace("wandb-log", "elsewhere"), "store/manifest"],
    ["a digest that is none", manifestText(full).replace("0".repeat(64), "00"), "store/manifest"],
  ])("refuses a text that is %s", (_name, text, code) => {
    expect(() => readManifest(text, "raw/manifest.json")).toThrow(
      expect.objectContaining({ code, where: { file: "raw/manifest.json" } }),
    );
  });
});

describe("which versions live", () => {
  const log = version(1);
  const later = version(2, { log: logKey({ start: "2026-01-03T00:00:00Z" }), state: "growing" });
  const api = version(3, {
    log: logKey({ source: "wandb-api" }),
    rows: { history: 9, system_event: 4 },
    expectedRows: 9,
  });
  const old = version(4, { log: logKey({ source: "dr-wandb" }) });
  const other = version(5, {
    log: logKey({ source: "dr-wandb", run_id: "r2" }),
    rows: { history: 0, system_event: 0 },
  });
  const all = [old, api, later, log, other];

  it("the first source that has rows of the kind wins, with all its logs", () => {
    expect([...liveVersions(all, "run")].sort()).toEqual([1, 2, 5]);
    expect([...liveVersions(all, "history")].sort()).toEqual([1, 2]);
    expect([...liveVersions(all, "system_event")]).toEqual([3]);
    expect([...liveVersions(all, "sweep")]).toEqual([]);
  });

  it("a run has its logs by start, the rows of the winner and the count of any source", () => {
    const [first, second] = liveRuns(all);
    expect(first).toMatchObject({ source: "wandb-log", history_rows: 2, expected: 9, state: "growing" });
    expect(first?.logs.map((item) => item.id)).toEqual([1, 2]);
    expect(second).toMatchObject({ source: "dr-wandb", history_rows: 0, expected: undefined, state: "complete" });
    expect(liveRuns([...all, version(6, { log: logKey({ start: "0" }), state: "damaged" })])[0]?.state).toBe("damaged");
  });
});

describe("order of keys", () => {
  it("texts compare as DuckDB compares them", async () => {
    const texts = ["", "a", "B", "ä", "z", "\u{1f600}", "\uff5e", "aa", "=", "-"];
    const sorted = await query(
      `SELECT * FROM (VALUES ${texts.map((_, i) => `($$${texts[i]}$$)`).join(",")}) t(x) ORDER BY x`,
    );
    expect([...texts].sort(compareText)).toEqual(sorted.map((row) => row["x"]));
  });

  it("steps compare as numbers", () => {
    const steps = ["10", "9", "-1", "9223372036854775807"].map((step) => ({ ...key, step, ordinal: 0 }));
    expect(steps.sort(compareKeys).map((item) => item.step)).toEqual(["-1", "9", "10", "9223372036854775807"]);
    expect(compareKeys({ ...key, step: "1", ordinal: 1 }, { ...key, step: "1", ordinal: 0 })).toBeGreaterThan(0);
  });
});

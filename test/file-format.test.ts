import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { StoreError } from "../src/errors.js";
import { type FileFormat, formatHeader, inPresentFormat, presentFormat } from "../src/file-format.js";
import { nodeEnvironment } from "../src/pipelines/node-environment.js";
import { openRaw, type Project, planProject, projectAt } from "../src/pipelines/project.js";
import { TABLES_FORMAT } from "../src/pipelines/tables-manifest.js";
import { PLAN_FORMAT } from "../src/plan/plan.js";
import { PROFILE_FORMAT } from "../src/profile/serialize.js";
import { forgetRuns } from "../src/store/forget.js";
import { collectGarbage } from "../src/store/gc.js";
import { MANIFEST_FORMAT } from "../src/store/manifest.js";
import { openStore } from "../src/store/raw-store.js";
import { environment, exportPlan, LIMITS, load, rebuild } from "./end-to-end/project.js";
import { contentOf } from "./store/store-content.js";
import { importLogs, storeEnv } from "./store/store-fixture.js";
import { temporaryFolder } from "./temporary-folder.js";

const FROZEN = join(import.meta.dirname, "data/formats");
const versions = (await readdir(FROZEN)).sort();

/** Every format, and where files of it are in a project folder. */
const FORMATS: Readonly<Record<string, { readonly format: FileFormat; readonly files: RegExp }>> = {
  "raw manifest": { format: MANIFEST_FORMAT, files: /^raw\/manifest\.json$/ },
  profile: { format: PROFILE_FORMAT, files: /^raw\/.*\.profile\.json$/ },
  "tables manifest": { format: TABLES_FORMAT, files: /^tables\/manifest\.json$/ },
  plan: { format: PLAN_FORMAT, files: /^generated\/plan\.json$/ },
};

/** `0.10.2` as a number that sorts. */
const rank = (version: string): number =>
  version
    .split(/[.-]/)
    .slice(0, 3)
    .reduce((sum, part) => sum * 1e4 + Number(part), 0);

async function frozenFormats(version: string, files: RegExp): Promise<number[]> {
  const entries = await readdir(join(FROZEN, version), { recursive: true });
  const names = entries.map((name) => name.replaceAll("\\", "/")).filter((name) => files.test(name));
  const texts = await Promise.all(names.map((name) => readFile(join(FROZEN, version, name), "utf8")));
  return texts.map((text) => (JSON.parse(text) as { format: number }).format);
}

describe("a file format", () => {
  const three: FileFormat = {
    readableFrom: ["0.1.0", "0.2.0", "1.0.0-rc.1"],
    migrations: [(old) => ({ ...old, two: true }), (old) => ({ ...old, three: old["two"] })],
    error: (message, details) => new StoreError("test/format", message, details),
  };

  it("is migrated step by step", () => {
    const header = { format: 3, readableFrom: "1.0.0-rc.1" };
    expect(formatHeader(three)).toEqual(header);
    expect(inPresentFormat(three, { format: 1, kept: 1 }, "f")).toEqual({ kept: 1, two: true, three: true, ...header });
    expect(inPresentFormat(three, { format: 2, two: "x" }, "f")).toEqual({ two: "x", three: "x", ...header });
    const present = { format: 3, readableFrom: "1.0.0-rc.1" };
    expect(inPresentFormat(three, present, "f")).toBe(present);
  });

  it("has no version in format 1, which every version reads", () => {
    expect(formatHeader({ ...three, readableFrom: ["0.1.0"], migrations: [] })).toEqual({ format: 1 });
  });

  it.each([
    [{ format: 4, readableFrom: "1.2.0" }, "Install wandb-columns 1.2.0 or later: npm install wandb-columns@1.2.0"],
    [{ format: 4, readableFrom: "2.0.0-beta.1" }, "npm install wandb-columns@2.0.0-beta.1"],
    [{ format: 99 }, "npm install wandb-columns@latest"],
    [{ format: 4, readableFrom: "1.2.0; rm -rf ~" }, "npm install wandb-columns@latest"],
    [{ format: 4, readableFrom: 5 }, "npm install wandb-columns@latest"],
  ])("that is newer is refused with the version to install: %j", (value, next) => {
    expect(() => inPresentFormat(three, value, "raw/manifest.json")).toThrow(
      expect.objectContaining({
        code: "test/format",
        message: `raw/manifest.json has format ${value.format}; this version of wandb-columns reads up to 3`,
        next: expect.stringContaining(next),
        where: { file: "raw/manifest.json" },
      }),
    );
  });

  it.each([
    [null],
    [[]],
    ["text"],
    [{}],
    [{ format: "4" }],
    [{ format: 0 }],
    [{ format: 1.5 }],
    [{ format: Number.NaN }],
  ])("leaves what has no format number to its reader: %j", (value) =>
    expect(inPresentFormat(three, value, "f")).toBe(value),
  );
});

describe.each(Object.entries(FORMATS))("%s", (_name, { format, files }) => {
  it("has a migration from each format to the next, and versions that rise", () => {
    expect(format.migrations).toHaveLength(presentFormat(format) - 1);
    const ranks = format.readableFrom.map(rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  test.each(format.readableFrom.map((version, i) => [i + 1, version]))(
    "format %i is frozen as version %s wrote it",
    async (number, version) => {
      const isReleased = rank(nodeEnvironment().version) >= rank(String(version));
      // Before its release a format may still change; scripts/freeze-formats.sh freezes it.
      if (!isReleased && !versions.includes(String(version))) return;
      const found = await frozenFormats(String(version), files);
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found)).toEqual(new Set([number]));
    },
  );
});

describe.each(versions)("a project of version %s", (version) => {
  async function copy(): Promise<Project> {
    const folder = await temporaryFolder();
    await cp(join(FROZEN, version), folder, { recursive: true });
    return projectAt(folder);
  }
  const expected = () =>
    readFile(join(FROZEN, version, "rebuilt.jsonl"), "utf8").then((text) => text.trimEnd().split("\n"));

  it("is read, exported and rebuilt", async () => {
    const at = await copy();
    const { planned, exported } = await load(at);
    expect(exported.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(await rebuild(at, planned.plan)).toEqual(await expected());
  });

  it("is migrated by what is written next, and loses nothing", async () => {
    const at = await copy();
    const before = await contentOf(await openStore(at.raw, storeEnv()));
    await importLogs(await openRaw(at, environment, LIMITS), { key: { run_id: "new" }, rows: ['{"_step":0}'] });
    const manifest = JSON.parse(await readFile(join(at.raw, "manifest.json"), "utf8")) as Record<string, unknown>;
    expect(manifest).toMatchObject(formatHeader(MANIFEST_FORMAT));
    await forgetRuns(storeEnv(), at.raw, [{ entity: "team", project: "vision", run_id: "new" }]);
    await collectGarbage(storeEnv(), at.raw);
    expect(await contentOf(await openStore(at.raw, storeEnv()))).toEqual(before);
    const { plan } = await planProject(at, environment, "snake");
    await exportPlan(at, await openRaw(at, environment, LIMITS), plan);
    expect(await rebuild(at, plan)).toEqual(await expected());
  });
});

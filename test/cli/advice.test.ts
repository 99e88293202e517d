import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, MAIN, OFFLINE, run } from "./cli.js";

let folder: string;
const project = (): readonly string[] => ["--project", join(folder, "p")];

beforeAll(async () => {
  folder = await emptyFolder();
  const { code } = await run(["sync", join(OFFLINE, "baseline"), ...project(), "--quiet"]);
  expect(code).toBe(0);
}, 120_000);

/** Takes one column out of a schema, as if its key were new. */
async function forget(name: string): Promise<void> {
  const file = join(folder, "p/schemas/history-row.schema.json");
  const schema = JSON.parse(await readFile(file, "utf8"));
  delete schema.properties[name];
  await writeFile(file, JSON.stringify(schema));
}

describe("what is advised works as printed", () => {
  test("accepting new paths leaves generated/ fresh, and export fills them", async () => {
    await forget("aux");
    const written = await run(["infer", "--write", ...project()]);
    expect([written.code, written.out]).toEqual([
      0,
      expect.stringContaining(`wandb-columns export --project ${folder}/p`),
    ]);
    expect((await run(["generate", "--check", ...project()])).code).toBe(0);
    expect((await run(["export", ...project(), "--quiet"])).code).toBe(0);
    expect((await run(["rebuild", ...project(), "--quiet"])).code).toBe(0);
  }, 120_000);

  test("report and explain name the project folder in the commands they suggest", async () => {
    expect((await run(["report", ...project()])).out).toContain(
      `wandb-columns report --format md --project ${folder}/p`,
    );
    expect((await run(["explain", "los", ...project()])).out).toMatch(/wandb-columns explain \S+ --project /);
  });

  test("a flag does not swallow the path after it", async () => {
    const dry = await run(["sync", "--dry-run", join(OFFLINE, "numbers"), ...project()]);
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining("numbers")]);
  });
});

describe("files that went missing", () => {
  test("tables are written again", async () => {
    await rm(join(folder, "p/tables/runs.parquet"));
    expect((await run(["rebuild", ...project(), "--quiet"])).code).toBe(2);
    expect((await run(["export", ...project(), "--quiet"])).code).toBe(0);
    expect((await run(["rebuild", ...project(), "--quiet"])).code).toBe(0);
  });

  test("raw segments are an error with its next step", async () => {
    const raw = join(folder, "p/raw/history");
    for (const name of await readdir(raw)) if (name.endsWith(".parquet")) await rm(join(raw, name));
    const { code, err } = await run(["export", ...project(), "--to", `parquet:${join(folder, "other")}`]);
    expect([code, err]).toEqual([2, expect.stringMatching(/missing|lost|not there/)]);
    expect(err).toContain("next:");
    expect(err).not.toContain("SELECT");
  });
});

const FULL = "/dev/full";

test.skipIf(!existsSync(FULL))("a full disk behind stdout is told, with exit code 2", async () => {
  const command = `"${process.execPath}" "${MAIN}" plan --project "${join(folder, "p")}" > ${FULL}`;
  const failed = promisify(execFile)("/bin/sh", ["-c", command]);
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/could not be written[\s\S]*next:/),
  });
});

/** A disk that is full or may not be written. Full disks are made of memory, which only root may mount. */
import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { emptyFolder, OFFLINE, run } from "./cli.js";

const SMALL = join(OFFLINE, "steps");
const LARGE = [join(OFFLINE, "baseline"), join(OFFLINE, "crashed"), join(OFFLINE, "keys")];

function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "none", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const mounted: string[] = [];
afterEach(() => {
  for (const folder of mounted.splice(0)) execFileSync("umount", [folder]);
});

/** A disk of so many kilobytes. */
async function disk(kilobytes: number): Promise<string> {
  const folder = await emptyFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "none", folder]);
  mounted.push(folder);
  return folder;
}

/** Takes all that is left of a disk but so many kilobytes. */
async function fill(folder: string, leave = 0): Promise<string> {
  const path = join(folder, "ballast");
  const { bavail, bsize } = await statfs(folder);
  await writeFile(path, Buffer.alloc(Math.max(0, bavail * bsize - leave * 1024)));
  return path;
}

let filled: string;
beforeAll(async () => {
  filled = await emptyFolder();
  await cp(SMALL, join(filled, "logs"), { recursive: true });
  expect((await run(["sync", SMALL, "--project", filled, "--entity", "lab"])).code).toBe(0);
});

/** Every file of raw/ and tables/ with its bytes; rebuilt lines. */
async function contentOf(project: string): Promise<unknown> {
  const files: [string, string][] = [];
  for (const part of ["raw", "tables"]) {
    const entries = await readdir(join(project, part), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((item) => item.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.push([path.slice(project.length), (await readFile(path)).toString("base64")]);
    }
  }
  return files.sort();
}

describe.skipIf(!canMount())("a full disk", () => {
  test.each([
    ["import", LARGE, 16, "The raw store .*/raw could not be written: the disk is full.* What was in it is unchanged."],
    ["sync", LARGE, 0, "The disk is full|could not be written.*: the disk is full|no space is left on the disk"],
    ["gc", [], 0, "the disk is full|no space is left on the disk"],
    ["forget", ["step0001"], 0, "the disk is full|no space is left on the disk"],
  ])("%s says so, leaves what was there, and works when there is room", async (command, words, leave, says) => {
    const folder = await disk(4096);
    const project = join(folder, "p");
    await cp(filled, project, { recursive: true });
    await run(["import", join(OFFLINE, "numbers"), "--project", project, "--entity", "lab"]);
    const before = await contentOf(project);
    const line = [command, ...words, "--project", project, ...(words === LARGE ? ["--entity", "lab"] : [])];
    const ballast = await fill(folder, leave);
    const ended = await run(line);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toMatch(new RegExp(`^error: .*(${says})`));
    expect(ended.err).toMatch(/next: {2}.*(room|space)/);
    expect(await contentOf(project)).toEqual(before);
    expect((await run(["status", "--project", project])).code).toBe(0);
    await rm(ballast);
    expect(await run(line)).toMatchObject({ code: 0, err: expect.not.stringContaining("error") });
  });

  test("export says so, and the tables are as they were", async () => {
    const folder = await disk(4096);
    const project = join(folder, "p");
    await cp(filled, project, { recursive: true });
    const later = ["import", ...LARGE, "--project", project, "--entity", "lab"];
    expect((await run(later)).code).toBe(0);
    const before = await contentOf(project);
    const ballast = await fill(folder, 60);
    const ended = await run(["export", "--project", project]);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toMatch(
      /^error: The tables could not be written to .*: the disk is full\. The tables that were there are unchanged\. \[tables\/write\]\n/,
    );
    expect(await contentOf(project)).toEqual(before);
    await rm(ballast);
    expect((await run(["export", "--project", project])).code).toBe(0);
  });
});

describe.skipIf(!canMount())("a disk that is mounted to be read only", () => {
  test("is told by what writes, and read by what reads", async () => {
    const folder = await disk(4096);
    await cp(filled, join(folder, "p"), { recursive: true });
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const place = ["--project", join(folder, "p")];
    for (const words of [
      ["status"],
      ["report"],
      ["rebuild"],
      ["gc", "--dry-run"],
      ["forget", "step0001", "--dry-run"],
    ]) {
      expect(await run([...words, ...place]), words.join(" ")).toMatchObject({ code: 0 });
    }
    for (const words of [["import", SMALL], ["sync", SMALL], ["export"], ["gc"], ["forget", "step0001"]]) {
      const ended = await run([...words, ...place]);
      expect(ended, words.join(" ")).toMatchObject({ code: 2, out: "" });
      expect(ended.err).toMatch(/^error: .*the file system is read-only/);
      expect(ended.err).toContain("  next:  ");
    }
  });
});

describe.skipIf(process.getuid?.() !== 0)("a folder without the right to write", () => {
  test("is told by gc, forget and export, which change nothing", async () => {
    const project = await emptyFolder();
    await cp(filled, project, { recursive: true });
    await chmod(project, 0o755);
    await mkdir(join(project, "other"));
    const before = await contentOf(project);
    for (const words of [["gc"], ["forget", "step0001"], ["export", "--to", `parquet:${project}/other`]]) {
      const ended = await run([...words, "--project", project], { uid: 65_534 });
      expect(ended, words.join(" ")).toMatchObject({ code: 2, out: "" });
      expect(ended.err).toMatch(/^error: .*permission/);
      expect(ended.err).toContain("  next:  ");
    }
    expect(await contentOf(project)).toEqual(before);
  });
});

import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkGenerated, type FolderFs, writeGenerated } from "../../src/codegen/folder.js";
import { headerText } from "../../src/codegen/header.js";
import { StoreError } from "../../src/errors.js";

const FILES = new Map([
  ["columns.md", "columns\n"],
  ["plan.json", "{}\n"],
  ["types/run.d.ts", "export {};\n"],
]);

let dir: string;
beforeEach(async () => {
  dir = join(await fs.mkdtemp(join(tmpdir(), "generated-")), "generated");
});
afterEach(async () => fs.rm(join(dir, ".."), { recursive: true }));

const put = async (path: string, text: string): Promise<void> => {
  await fs.mkdir(join(dir, path, ".."), { recursive: true });
  await fs.writeFile(join(dir, path), text);
};

describe("the folder of generated files", () => {
  it("is missing all when it does not exist, and is fresh once written", async () => {
    const all = [...FILES.keys()];
    expect(await checkGenerated(dir, FILES, fs)).toEqual({ stale: [], missing: all, orphaned: [] });
    expect(await writeGenerated(dir, FILES, fs)).toEqual({ written: all, removed: [], foreign: [] });
    expect(await checkGenerated(dir, FILES, fs)).toEqual({ stale: [], missing: [], orphaned: [] });
    for (const [path, text] of FILES) expect(await fs.readFile(join(dir, path), "utf8")).toBe(text);
  });

  it("finds a changed, a missing and an orphaned file, and changes nothing", async () => {
    await writeGenerated(dir, FILES, fs);
    await put("plan.json", "{ }\n");
    await fs.rm(join(dir, "columns.md"));
    await put("validators/old.js", "old");
    expect(await checkGenerated(dir, FILES, fs)).toEqual({
      stale: ["plan.json"],
      missing: ["columns.md"],
      orphaned: ["validators/old.js"],
    });
    expect(await fs.readFile(join(dir, "plan.json"), "utf8")).toBe("{ }\n");
    expect(await fs.readdir(join(dir, "validators"))).toEqual(["old.js"]);
  });

  it("writes only what differs", async () => {
    await writeGenerated(dir, FILES, fs);
    await put("plan.json", "{ }\n");
    const writes: string[] = [];
    const recording: FolderFs = {
      ...fs,
      writeFile: async (path, text) => {
        writes.push(path);
        await fs.writeFile(path, text);
      },
    };
    expect((await writeGenerated(dir, FILES, recording)).written).toEqual(["plan.json"]);
    expect(writes).toEqual([join(dir, "plan.json")]);
  });

  it("removes what was generated once and leaves what is someone else's", async () => {
    await writeGenerated(dir, FILES, fs);
    await put("types/old.d.ts", "export {};");
    await put("old.txt", `# ${headerText("schemas/")}\n`);
    await put("notes.txt", "mine");
    await put("proto/api.ts", "mine");
    const done = await writeGenerated(dir, FILES, fs);
    expect(done).toEqual({
      written: [],
      removed: ["old.txt", "types/old.d.ts"],
      foreign: ["notes.txt", "proto/api.ts"],
    });
    expect(await fs.readFile(join(dir, "notes.txt"), "utf8")).toBe("mine");
    expect((await checkGenerated(dir, FILES, fs)).orphaned).toEqual(["notes.txt", "proto/api.ts"]);
  });

  it("does not count dot files", async () => {
    await writeGenerated(dir, FILES, fs);
    await put(".gitkeep", "");
    await put(".cache/x", "");
    expect((await checkGenerated(dir, FILES, fs)).orphaned).toEqual([]);
  });

  it("takes a checkout with CRLF for fresh", async () => {
    await writeGenerated(dir, FILES, fs);
    await put("columns.md", "columns\r\n");
    expect((await checkGenerated(dir, FILES, fs)).stale).toEqual([]);
  });

  it("says which path is in the way", async () => {
    await put("columns.md/in-the-way", "");
    await expect(checkGenerated(dir, FILES, fs)).rejects.toMatchObject({
      code: "generated/io",
      where: { file: join(dir, "columns.md") },
    });
  });

  it("says so when the folder is a file", async () => {
    await fs.writeFile(dir, "");
    await expect(writeGenerated(dir, FILES, fs)).rejects.toThrow(StoreError);
  });

  it("passes on that nothing can be written", async () => {
    const full: FolderFs = { ...fs, writeFile: () => Promise.reject(new Error("no space left")) };
    await expect(writeGenerated(dir, FILES, full)).rejects.toThrow(/columns\.md cannot be written: no space left/);
  });
});

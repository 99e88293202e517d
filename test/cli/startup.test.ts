import { statSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { emptyFolder, REPOSITORY, run } from "./cli.js";

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/** The files that a command line loads, as V8 tells them when the process ends, and how it ended. */
async function loadedBy(args: readonly string[]): Promise<{ readonly files: readonly string[]; readonly out: string }> {
  const dir = await mkdtemp(join(tmpdir(), "wandb-columns-loaded-"));
  try {
    const { code, out } = await run(args, { cwd: await emptyFolder(), env: { NODE_V8_COVERAGE: dir } });
    expect(code).toBe(0);
    const files = new Set<string>();
    for (const name of await readdir(dir)) {
      const { result } = JSON.parse(await readFile(join(dir, name), "utf8")) as Coverage;
      for (const { url } of result) {
        if (url.startsWith(pathToFileURL(REPOSITORY).href)) {
          files.add(relative(REPOSITORY, fileURLToPath(url)).replaceAll("\\", "/"));
        }
      }
    }
    return { files: [...files], out };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Packages among the files. */
const packagesIn = (files: readonly string[]): string[] => [
  ...new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])),
];

describe("what starts at once loads little", () => {
  test.each([[["--help"]], [["--version"]], [["sync", "--help"]], [["help", "export"]]])("%s", async (args) => {
    const { files, out } = await loadedBy(args);
    expect(out).toContain("wandb-columns");
    expect(files).toContain("dist/bin/main.js");
    expect(packagesIn(files)).toEqual([]);
    // Room for the parser of the command line, and none for the engine, the schemas or the formats.
    const own = files.filter((file) => file.startsWith("dist/"));
    const bytes = own.reduce((sum, file) => sum + statSync(join(REPOSITORY, file)).size, 0);
    expect(bytes).toBeLessThan(120_000);
    expect(files.length).toBeLessThanOrEqual(20);
  });
});

test("the compilers behind generated/ are loaded by what generates only", async () => {
  const { files } = await loadedBy(["plan", "--table", "runs"]);
  expect(files).toContain("dist/bin/main.js");
  const compilers = ["esbuild", "json-schema-to-typescript", "prettier"];
  expect(packagesIn(files).filter((name) => compilers.includes(name))).toEqual([]);
});

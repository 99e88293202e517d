import { fork } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TARGETS } from "./targets.js";

const ROOT = join(import.meta.dirname, "../..");
const CORPUS = join(import.meta.dirname, "../fuzz-corpus");

let folder: string;
let worker: string;

beforeAll(async () => {
  // Inside of the repository, so that packages are found.
  folder = await mkdtemp(join(ROOT, "node_modules/.fuzz-"));
  worker = join(folder, "worker.mjs");
  const entryPoints = [join(import.meta.dirname, "worker.ts")];
  await build({ entryPoints, outfile: worker, bundle: true, platform: "node", format: "esm", packages: "external" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Told {
  readonly kind: string;
  readonly path?: string;
  readonly number?: number;
  readonly says?: string;
}

/** Everything the worker told, and how it ended. In a process of its own: a case may bring it down. */
function run(...args: readonly string[]): Promise<{ told: Told[]; code: number | null }> {
  const execArgv = ["--max-old-space-size=768"];
  const child = fork(worker, args, { cwd: ROOT, execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const told: Told[] = [];
  child.on("message", (message: Told) => told.push(message));
  return new Promise((resolve) => child.on("close", (code) => resolve({ told, code })));
}

describe("what fuzzing has found stays mended", () => {
  it.each(TARGETS.map(({ name }) => name))("%s", { timeout: 300_000 }, async (name) => {
    const kept = join(CORPUS, name);
    const files = existsSync(kept) ? readdirSync(kept).map((file) => join(kept, file)) : [];
    const { told, code } = await run("replay", name, ...files);
    expect(told.filter(({ kind }) => kind === "failure").map(({ path, says }) => `${path}\n${says}`)).toEqual([]);
    expect([told.at(-1)?.kind, told.at(-1)?.number, code]).toEqual(["done", files.length, 0]);
  });
});

describe("the fuzz targets", () => {
  it("every folder of the corpus has one", () => {
    const names = TARGETS.map(({ name }) => name);
    expect(readdirSync(CORPUS).filter((name) => !names.includes(name) && name !== "README.md")).toEqual([]);
  });

  it.each(TARGETS.map((target) => [target.name, target] as const))(
    "%s checks cases, and the same seed gives the same",
    async (name, target) => {
      const { told } = await run("run", name, "3", "0", "2");
      expect(told.filter(({ kind }) => kind === "failure")).toEqual([]);
      expect(told.filter(({ kind }) => kind === "case").length).toBeGreaterThan(0);
      const { Random } = await import("./random.js");
      const [a, b] = [await target.make(new Random(11)), await target.make(new Random(11))];
      expect(Buffer.compare(a, b)).toBe(0);
    },
  );
});

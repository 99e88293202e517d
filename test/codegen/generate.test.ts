import { spawnSync } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkGenerated, writeGenerated } from "../../src/codegen/folder.js";
import { generateAll } from "../../src/codegen/generate.js";
import { planText, readPlan } from "../../src/plan/plan-text.js";
import { planColumns } from "../../src/plan/planner.js";
import { registryOf } from "./schema-files.js";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const GENERATED = fileURLToPath(new URL("../../generated", import.meta.url));
const BUILT_IN = "https://wandb-columns.dev/schemas";

const STRICT = {
  target: "es2023",
  lib: ["es2023"],
  module: "nodenext",
  moduleResolution: "nodenext",
  types: [],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitReturns: true,
  noUnusedLocals: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
  skipLibCheck: false,
  noEmit: true,
};

/** A project that extends built-in schemas in every way that types find hard. */
const PROJECT = {
  config: {
    allOf: [{ $ref: `${BUILT_IN}/config.schema.json` }],
    $defs: { schedule: { type: "object", properties: { warmup: { type: "integer", description: "a */ b" } } } },
    properties: {
      lr: { type: ["number", "null"], "x-column": { unit: "1" } },
      optimizer: { enum: ["adam", "sgd", null] },
      schedule: { $ref: "#/$defs/schedule" },
      "weird `key` ${x}\n\"'": { type: "string", description: "`tick` \\ /* */ // <b>" },
      constructor: { type: "string" },
      class: { type: ["boolean", "null"] },
    },
  },
  "history-row": {
    allOf: [{ $ref: `${BUILT_IN}/history-row.schema.json` }],
    properties: { "train/loss": { type: "number" } },
    patternProperties: {
      "^norm/(?<layer>\\d+)$": {
        type: "number",
        description: "Norm of one layer",
        "x-column": { table: "norms", keys: { layer: "int64" } },
      },
    },
  },
};

/** A program that only compiles when validators are type guards of the generated types. */
const CONSUMER = `import { validateConfig, validateHistoryRow } from "./validators/index.js";
import type { Config } from "./types/index.js";
export function read(data: unknown): number | undefined {
  if (validateConfig(data)) {
    const config: Config = data;
    const optimizer: "adam" | "sgd" | null | undefined = config.optimizer;
    return optimizer === null ? undefined : config.schedule?.warmup;
  }
  const reasons: readonly string[] = (validateConfig.errors ?? []).map((error) => error.instancePath);
  return validateHistoryRow(data) ? data["train/loss"] : reasons.length;
}
`;

type Project = Parameters<typeof registryOf>[0];

async function generate(project?: Project): Promise<ReadonlyMap<string, string>> {
  const registry = registryOf(project);
  const { plan } = planColumns(registry, { naming: "snake" });
  return generateAll({ registry, plan });
}

function compile(dir: string): { status: number | null; output: string } {
  const done = spawnSync(process.execPath, [TSC, "-p", dir], { encoding: "utf8" });
  return { status: done.status, output: done.stdout + done.stderr };
}

describe("all that is generated", () => {
  let dir: string;
  let files: ReadonlyMap<string, string>;

  beforeAll(async () => {
    dir = await fs.mkdtemp(join(tmpdir(), "generate-"));
    files = await generate(PROJECT);
    await writeGenerated(dir, files, fs);
    await fs.writeFile(join(dir, "package.json"), '{"type":"module"}');
    await fs.writeFile(join(dir, "consumer.ts"), CONSUMER);
    const include = ["types/*.d.ts", "validators/*.d.ts", "*.ts"];
    await fs.writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: STRICT, include }));
  });
  afterAll(() => fs.rm(dir, { recursive: true }));

  it("has the same bytes a second time, whatever the order of the project's files", async () => {
    const again = await generate({ "history-row": PROJECT["history-row"], config: PROJECT.config });
    expect([...again]).toEqual([...files]);
  });

  it("compiles in one TypeScript program", () => expect(compile(dir)).toEqual({ status: 0, output: "" }));

  it("has types that hold a program to them", async () => {
    const wrong = 'import type { Config } from "./types/index.js";\nexport const config: Config = { lr: "fast" };\n';
    await fs.writeFile(join(dir, "wrong.ts"), wrong);
    const { status, output } = compile(dir);
    await fs.rm(join(dir, "wrong.ts"));
    expect(status).not.toBe(0);
    expect(output).toContain("wrong.ts(2,");
    expect(output.match(/error TS/g)).toHaveLength(1);
  });

  it("says in every file but plan.json which command remakes it", () => {
    const silent = [...files].filter(([, text]) => !text.slice(0, 120).includes('"wandb-columns generate"'));
    expect(silent.map(([path]) => path)).toEqual(["plan.json"]);
  });

  it("has no path of this machine", () => {
    for (const [path, text] of files) {
      expect(text.includes(process.cwd()) || text.includes("node_modules"), path).toBe(false);
    }
  });

  it("has a plan that can be read back", () => {
    const text = files.get("plan.json") ?? "";
    expect(planText(readPlan(text))).toBe(text);
  });

  it("has a family of the project with its key in DDL and dictionary", () => {
    expect(files.get("ddl/duckdb.sql")).toMatch(/CREATE TABLE "norms" \([^;]*"layer" BIGINT NOT NULL/);
    expect(files.get("columns.md")).toContain('`/norm~10` → `layer = "0"`');
  });

  it("lists paths in ascending order", () => expect([...files.keys()]).toEqual([...files.keys()].sort()));
});

describe("a schema of 1,000 properties", () => {
  it("takes a few seconds and a few hundred bytes a property", async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`part${i % 9}/metric_${i}`, { type: ["number", "null"] }]),
    );
    const started = performance.now();
    const files = await generate({
      "history-row": { allOf: [{ $ref: `${BUILT_IN}/history-row.schema.json` }], properties },
    });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(files.get("validators/history-row.js")?.length).toBeLessThan(700_000);
    expect(files.get("types/history-row.d.ts")?.match(/"part\d\/metric_\d+"\?: number \| null;/g)).toHaveLength(1000);
  });
});

describe("the repository's generated folder", () => {
  it("is fresh: otherwise run `npm run generate`", async () => {
    expect(await checkGenerated(GENERATED, await generate(), fs)).toEqual({ stale: [], missing: [], orphaned: [] });
  });

  it("has validators that load here", async () => {
    const { validateSummary } = await import(new URL("../../generated/validators/index.js", import.meta.url).href);
    expect(validateSummary({ _step: 3, _runtime: Number.NaN })).toBe(true);
    expect(validateSummary({ _step: "three" })).toBe(false);
  });
});

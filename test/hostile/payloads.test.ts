import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FULL, sized } from "./full.js";
import { PAYLOADS, type Payload } from "./payloads.js";
import { type Ended, runBounded } from "./program.js";
import { SOURCES, type Source, writePayload } from "./sources.js";

/** Seconds that a command may take; a fraction of them on a machine that has nothing else to do. */
const PATIENCE = sized(900, 240);
/** What --memory says, and what a few copies of the longest text, the program and V8's slack come to on top. */
const MEMORY = "1GB";
const MOST = 1.9e9;

/** Declares nothing. With it hostile names meet no inference, which takes most of the time for them. */
const SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  allOf: [{ $ref: "https://wandb-columns.dev/schemas/config.schema.json" }],
};

const EXPECTED: ReadonlySet<string> = new Set(["run/growing", "run/unknown-place", "path/undeclared"]);

interface Told {
  readonly code: string;
  readonly findings: readonly { readonly run?: { readonly run_id: string } }[];
}

function findingsOf(ended: Ended): Told[] {
  const { findings } = JSON.parse(ended.out) as { findings: Told[] };
  return findings.filter(({ code }) => !EXPECTED.has(code));
}

/** Imports the payloads, each as a run of its own, into one project, and holds what comes of it to what must. */
async function check(
  source: Source,
  payloads: readonly (readonly [run: string, payload: Payload])[],
  infers = true,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "wandb-columns-hostile-"));
  try {
    const project = ["--project", join(folder, "project"), "--memory", MEMORY, "--quiet"];
    if (!infers) {
      await mkdir(join(folder, "project/schemas"), { recursive: true });
      await writeFile(join(folder, "project/schemas/config.schema.json"), JSON.stringify(SCHEMA));
    }
    const paths: string[] = [];
    for (const [run, payload] of payloads) {
      paths.push(...(await writePayload(source, payload, run, join(folder, "input", run))));
    }
    const sync = await runBounded(["sync", ...paths, ...project, "--json"], PATIENCE);
    const told = `${sync.signal ?? ""} ${sync.err.slice(0, 2000)}`;
    expect([sync.code, sync.err], told).toEqual([Math.max(...payloads.map(([, { code }]) => code)), ""]);
    expect(sync.peak, told).toBeLessThan(MOST);
    checkFindings(findingsOf(sync), payloads, source);
    const needles = payloads.flatMap(([, payload]) => payload.needles);
    const rebuild = await runBounded(["rebuild", ...project], PATIENCE, needles);
    expect([rebuild.code, rebuild.err]).toEqual([0, ""]);
    const missing = payloads.filter(([, payload]) => payload.needles.some((needle) => !rebuild.found.has(needle)));
    expect(missing.map(([run]) => run)).toEqual([]);
    expect(rebuild.peak).toBeLessThan(MOST);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A text that is refused is told with its run; names that are counted together are told of the project. */
function checkFindings(
  told: readonly Told[],
  payloads: readonly (readonly [run: string, payload: Payload])[],
  { losesStep }: Source,
): void {
  const codes = new Set(payloads.flatMap(([, payload]) => payload.findings));
  if (losesStep && codes.has("json/refused")) codes.add("step/missing");
  expect(new Set(told.map(({ code }) => code))).toEqual(codes);
  const refused = told.filter(({ code }) => code === "json/refused").flatMap(({ findings }) => findings);
  const expected = payloads.filter(([, { findings }]) => findings.includes("json/refused")).map(([run]) => run);
  expect(new Set(refused.map(({ run }) => run?.run_id))).toEqual(new Set(expected));
}

describe.each(SOURCES.map((source) => [source.name, source] as const))("hostile payloads: %s", (_, source) => {
  if (FULL) {
    it.each(Object.entries(PAYLOADS))("%s", { timeout: 1_800_000 }, (__, make) => check(source, [["r1", make()]]));
  } else {
    const all = Object.values(PAYLOADS).map((make, i) => [`r${i}`, make()] as const);
    it("each in a run of one project", { timeout: 300_000 }, () => check(source, all, source === SOURCES[0]));
  }
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PAYLOADS } from "./payloads.js";
import { runBounded } from "./program.js";
import { SOURCES, writePayload } from "./sources.js";

/** Seconds that a command may take; a fraction of them on a machine that has nothing else to do. */
const PATIENCE = 240;
/** What --memory says, and what a few copies of the longest text, the program and V8's slack come to on top. */
const MEMORY = "1GB";
const MOST = 1.9e9;

const EXPECTED: ReadonlySet<string> = new Set(["run/growing", "run/unknown-place", "path/undeclared"]);

describe.each(SOURCES.map((source) => [source.name, source] as const))("a hostile payload in a %s", (_, source) => {
  it.each(Object.entries(PAYLOADS))("%s", { timeout: 600_000 }, async (name, make) => {
    const payload = make();
    const folder = await mkdtemp(join(tmpdir(), "wandb-columns-hostile-"));
    try {
      const project = ["--project", join(folder, "project"), "--memory", MEMORY, "--quiet"];
      const input = await writePayload(source, payload, join(folder, "input"));
      const sync = await runBounded(["sync", ...input, ...project, "--json"], PATIENCE);
      const told = `${name}: ${sync.signal ?? ""} ${sync.err.slice(0, 2000)}`;
      expect([sync.code, sync.err], told).toEqual([payload.code, ""]);
      const { findings } = JSON.parse(sync.out) as { findings: readonly { code: string }[] };
      const codes = new Set(findings.map(({ code }) => code).filter((code) => !EXPECTED.has(code)));
      expect([...codes].sort(), name).toEqual([...payload.findings].sort());
      expect(sync.peak, told).toBeLessThan(MOST);
      const rebuild = await runBounded(["rebuild", ...project], PATIENCE, payload.needles);
      expect([rebuild.code, rebuild.err], name).toEqual([0, ""]);
      for (const needle of payload.needles) expect(rebuild.found.has(needle), `${name}: rebuilt`).toBe(true);
      expect(rebuild.peak, name).toBeLessThan(MOST);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

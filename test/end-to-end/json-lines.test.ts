/** JSON Lines through the real store and the tables: order, form and packing of a file change nothing. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { temporaryFolder } from "../temporary-folder.js";
import { differences, rebuiltRecords } from "./differ.js";
import { importPaths, load, newProject, rebuild, removeProject } from "./project.js";

interface Row {
  readonly run: string;
  readonly step: number;
  readonly value: unknown;
}

const line = ({ run, step, value }: Row) =>
  `{"_step":${step},"value":${JSON.stringify(value)},"run_id":${JSON.stringify(run)}}`;

/** Rows run by run, those of a run in the order in which they came. */
function grouped(rows: readonly Row[]): Row[] {
  const runs = [...new Set(rows.map(({ run }) => run))].sort();
  return runs.flatMap((run) => rows.filter((row) => row.run === run));
}

/** The versions that a file gives: log, digest, state and rows. */
async function stored(project: Project, name: string, content: string | Uint8Array): Promise<unknown> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, name), content);
  const { added } = await importPaths(project, [{ path: join(folder, name), kind: "history" }], {
    entity: "e",
    wandbProject: "p",
  });
  const texts = added.map(({ log, digest, state, rows }) => JSON.stringify([log, digest, state, rows]));
  return texts.sort();
}

const row = fc.record({
  run: fc.constantFrom("a", "b", "c", "ü"),
  step: fc.integer({ min: 0, max: 5 }),
  value: fc.jsonValue({ maxDepth: 2 }),
});

it("the store does not depend on how the runs of a file are mixed", async () => {
  const property = fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
    const [one, other] = [await newProject(), await newProject()];
    try {
      const mixed = await stored(one, "rows.jsonl", rows.map(line).join("\n"));
      expect(mixed).toEqual(await stored(other, "rows.jsonl", grouped(rows).map(line).join("\n")));
    } finally {
      await removeProject(one);
      await removeProject(other);
    }
  });
  await fc.assert(property, { numRuns: 15 });
});

it("rebuild gives every row back, in the order of the file, from any form of it", async () => {
  const rows: Row[] = Array.from({ length: 200 }, (_, i) => ({
    run: "abc"[(i * 7) % 3] as string,
    step: Math.floor(i / 3),
    value: i % 5 === 0 ? { run_id: i, "x/y": [i, null] } : i / 7,
  }));
  const lines = rows.map(line);
  const forms: Readonly<Record<string, string | Uint8Array>> = {
    "rows.jsonl": `\ufeff${lines.join("\r\n")}`,
    "rows.json": `[\n${lines.join(",\n")}\n]`,
    "rows.gz": gzipSync(lines.join("\n")),
  };
  for (const [name, content] of Object.entries(forms)) {
    const project = await newProject();
    try {
      await stored(project, name, content);
      const { planned } = await load(project);
      const records = rebuiltRecords(await rebuild(project, planned.plan)).filter(({ kind }) => kind === "history");
      const want = grouped(rows);
      expect(records.length).toBe(want.length);
      for (const [i, record] of records.entries()) {
        const { run, step, value } = want[i] as Row;
        expect(record.run).toBe(`e/p/${run}`);
        const text = JSON.stringify({ _step: step, value });
        expect(differences(text, record.payloads.get("row") ?? "")).toEqual([]);
      }
    } finally {
      await removeProject(project);
    }
  }
});

/** docs/formats.md is enough to read our files without us: its SQL is run by DuckDB alone, and it names every member. */
import { readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { TYPE_GROUPS } from "../../src/profile/infer-kinds.js";
import { HAZARD } from "../../src/profile/profile.js";
import { emptyFolder, REPOSITORY } from "../cli/cli.js";
import { importLines, load, newProject, removeProject, reportOf } from "../end-to-end/project.js";
import { readRecords } from "../end-to-end/records.js";
import { type Section, sectionsOf } from "./document.js";
import { asked } from "./sql.js";

const sections = sectionsOf("docs/formats.md");

function sectionOf(title: string): Section {
  const found = sections.find((section) => section.title === title);
  if (found === undefined) throw new Error(`docs/formats.md has no section ${title}`);
  return found;
}

const queryOf = (title: string): string =>
  sectionOf(title).blocks.find(({ language }) => language === "sql")?.text ?? "";

const line = (kind: string, run: string, source: string, row: string, more = ""): string =>
  `{"kind":"${kind}","run_id":"${run}","source":"${source}"${more},"row":${row}}`;
const run = (name: string, source: string, more = ""): string =>
  `{"kind":"run","run_id":"${name}","source":"${source}","config":{"lr":1e-3}${more}}`;

/** Two sources for r1, of which the log wins; r2 by the export alone; r3 is imported twice, with other rows. */
const FIRST = [
  run("r1", "wandb-log"),
  line("history", "r1", "wandb-log", '{"_step":0,"loss":NaN}'),
  line("history", "r1", "wandb-log", '{"_step":1,"loss": 1.50}'),
  run("r1", "dr-wandb"),
  line("history", "r1", "dr-wandb", '{"_step":0,"loss":9}'),
  run("r2", "dr-wandb"),
  line("history", "r2", "dr-wandb", '{"_step":7,"loss":9007199254740993}'),
  run("r3", "wandb-log", ',"state":"growing"'),
  line("history", "r3", "wandb-log", '{"_step":0,"loss":1}'),
];
const SECOND = [run("r3", "wandb-log"), line("history", "r3", "wandb-log", '{"_step":0,"loss":2}')];

/** The history that counts, texts as they came. */
const LIVE = [
  ["r1", "0", '{"_step":0,"loss":NaN}'],
  ["r1", "1", '{"_step":1,"loss": 1.50}'],
  ["r2", "7", '{"_step":7,"loss":9007199254740993}'],
  ["r3", "0", '{"_step":0,"loss":2}'],
];

let project: Project;
let folder: string;
beforeAll(async () => {
  project = await newProject();
  for (const lines of [FIRST, SECOND]) await importLines(project, readRecords(lines.join("\n")));
  folder = await emptyFolder();
  await symlink(project.root, join(folder, "analysis"));
});
afterAll(() => removeProject(project));

describe("the raw store", () => {
  test("gives DuckDB the rows that count, as they came", async () => {
    const [head, ...rows] = await asked(folder, queryOf("Reading it yourself"));
    expect(head).toEqual(["entity", "project", "run_id", "step", "ordinal", "history"]);
    expect(rows.map(([, , id, step, , text]) => [id, step, text])).toEqual(LIVE);
  });

  test("gives the runs that count in the same way", async () => {
    const query = queryOf("Reading it yourself")
      .replace("each.rows.history > 0 AND ", "")
      .replaceAll("'history'", "'run'")
      .replace("step, ordinal, history\n", "source, config\n")
      .replace("step, log, ordinal", "log");
    const [, ...rows] = await asked(folder, query);
    expect(rows.map(([, , id, source, config]) => [id, source, config])).toEqual([
      ["r1", "wandb-log", '{"lr":1e-3}'],
      ["r2", "dr-wandb", '{"lr":1e-3}'],
      ["r3", "wandb-log", '{"lr":1e-3}'],
    ]);
  });

  test("has the rows that were replaced too, and the bits that say which texts DuckDB refuses", async () => {
    const all =
      "SELECT count(*), count(*) FILTER (WHERE history_hazards & 16448 = 0) FROM 'analysis/raw/history/*.parquet'";
    const [, [rows, clean] = []] = await asked(folder, all);
    expect([Number(rows) > LIVE.length, Number(rows) - Number(clean)]).toEqual([true, 1]);
  });

  test("marks hazards with the bits that are listed", () => {
    const listed = sectionOf("Hazards")
      .table.slice(1)
      .map(([bit, value, name]) => [Number(bit), Number(value), name]);
    expect(listed).toEqual(Object.entries(HAZARD).map(([name, value]) => [Math.log2(value), value, name]));
    expect(HAZARD.REFUSED | HAZARD.NONFINITE_TOKEN).toBe(16448);
  });
});

describe("the report", () => {
  test("answers the query that is shown", async () => {
    const { report } = await reportOf(await load(project));
    await mkdir(project.report, { recursive: true });
    await writeFile(join(project.report, "report.json"), JSON.stringify(report));
    const [head, ...rows] = await asked(folder, queryOf("The report: `report/report.json`"));
    expect(head).toEqual(["blob", "path", "reason", "rows"]);
    const want = report.paths.filter(({ decision }) => decision === "serialized").map(({ path }) => path);
    expect(rows.length).toBe(Math.min(3, want.length));
    expect(want).toEqual(expect.arrayContaining(rows.map(([, path]) => path)));
  });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Names of all members that a JSON Schema gives. */
function membersOf(schema: JsonSchema): string[] {
  const inside = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items ? [schema.items] : []),
    ...(schema.anyOf ?? []),
  ];
  return [...Object.keys(schema.properties ?? {}), ...inside.flatMap(membersOf)];
}

/** Kinds of values that are counted, and places of findings: their names say what they are. */
const PLAIN = new Set(["file", "line", "row", "entity", "project", "run_id", "runs"]);

test.each(["raw-manifest", "tables-manifest", "plan", "report"])("%s: every member is named", (name) => {
  const schema = JSON.parse(readFileSync(join(REPOSITORY, `formats/${name}.schema.json`), "utf8")) as JsonSchema;
  const page = readFileSync(join(REPOSITORY, "docs/formats.md"), "utf8");
  const spans = new Set([...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, span = ""]) => span.match(/\w+/g) ?? []));
  const types = new Set<string>(TYPE_GROUPS);
  const missing = membersOf(schema).filter((member) => !spans.has(member) && !PLAIN.has(member) && !types.has(member));
  expect(missing).toEqual([]);
});

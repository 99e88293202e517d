/** Real runs of old clients, imported, exported and rebuilt, against the files that the clients wrote. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Project } from "../../src/pipelines/project.js";
import { temporaryFolder } from "../temporary-folder.js";
import { differences, type PayloadRecord, rebuiltRecords } from "./differ.js";
import { pick } from "./object-text.js";
import { DATA, importPaths, load, newProject, rebuild, removeProject } from "./project.js";

const ROOT = join(DATA, "wandb_files_legacy/wandb");
const FOLDERS = readdirSync(ROOT).sort();

/** The config of train_old.py as JSON has it. */
const CONFIG = `{"lr":1e-05,"momentum":0.9,"epochs":3,"seed":9007199254740993,"huge":1180591620717411303424,"scale":1e+25,
  "limit":Infinity,"floor":-Infinity,"ratio":NaN,"flag":true,"resume":null,"betas":[0.9,0.999],"layers":[64,32.0,"out",null],
  "optimizer":{"name":"adamw","sched":{"warmup":50},"a.b":1,"7":"seven"},"lr_text":"1e-05","switch":"off","version":"1.10",
  "octal":"0o17","zip":"08","clock":"12:30:45","date":"2020-01-01","grouped":"1_000","yes":"y","tilde":"~","nothing":"",
  "text":"two lines\\nand a: colon # no comment\\n","unicode":"caf\\u00e9 \\ud83d\\ude80","long":"${"word ".repeat(30)}"}`;

let project: Project;
let records: PayloadRecord[];

async function rebuilt(paths: readonly string[]): Promise<PayloadRecord[]> {
  await importPaths(project, paths, { entity: "team", wandbProject: "old" });
  const { planned } = await load(project);
  return rebuiltRecords(await rebuild(project, planned.plan));
}

beforeAll(async () => {
  project = await newProject();
  records = await rebuilt([ROOT]);
});
afterAll(() => removeProject(project));

const linesOf = (folder: string, name: string): string[] => {
  if (!readdirSync(join(ROOT, folder)).includes(name)) return [];
  return readFileSync(join(ROOT, folder, name), "utf8")
    .trimEnd()
    .split("\n");
};

describe.each(FOLDERS)("%s", (folder) => {
  const id = folder.slice(-8);
  const of = (kind: string) => records.filter((record) => record.kind === kind && record.run.endsWith(`/${id}`));
  const blob = (name: string) => of("run")[0]?.payloads.get(name) ?? "{}";

  it("gives the config that was logged", () => {
    expect(
      differences(
        CONFIG,
        pick(blob("config"), (key) => key !== "_wandb"),
      ),
    ).toEqual([]);
  });

  it("gives summary and metadata back", () => {
    for (const [name, file] of [
      ["summary", "wandb-summary.json"],
      ["system_info", "wandb-metadata.json"],
    ] as const) {
      expect(differences(linesOf(folder, file).join("\n"), blob(name))).toEqual([]);
    }
  });

  it.each([
    ["history", "wandb-history.jsonl"],
    ["system_event", "wandb-events.jsonl"],
  ] as const)("gives every row of %s back", (kind, file) => {
    const rows = of(kind).map((record) => record.payloads.get("row") ?? "");
    const want = linesOf(folder, file);
    expect(rows.length).toBe(want.length);
    expect(want.flatMap((text, i) => differences(text, rows[i] ?? "{}"))).toEqual([]);
  });
});

it("importing them again adds nothing; a log that turns up takes the place of the files", async () => {
  const again = await importPaths(project, [ROOT], { entity: "team", wandbProject: "old" });
  expect([again.added.length, again.unchanged.length]).toEqual([0, 4]);

  const online = join(DATA, "wandb_sdk_online/run-20261123_133518-numb0001");
  const folder = join(await temporaryFolder(), "run-20261123_133518-numb0001");
  mkdirSync(join(folder, "files"), { recursive: true });
  for (const file of readdirSync(join(online, "files"))) {
    copyFileSync(join(online, "files", file), join(folder, "files", file));
  }
  const place = { entity: "team", wandbProject: "sdk-fixtures" };
  const source = async () => {
    await importPaths(project, [folder], place);
    const { store } = await load(project);
    return store.runs().find((run) => run.key.run_id === "numb0001");
  };
  expect(await source()).toMatchObject({ source: "wandb-files", state: "complete", history_rows: 0 });
  copyFileSync(join(online, "run-numb0001.wandb"), join(folder, "run-numb0001.wandb"));
  expect(await source()).toMatchObject({ source: "wandb-log", state: "complete", history_rows: 11 });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recogniseWandbFolder } from "../../../src/sources/wandb-folder/discover.js";
import { nodeFiles } from "../../../src/sources/wandb-folder/files.js";
import { exit, frame, run } from "./log-writer.js";

let root = "";
const ONE = "wandb/run-20240101_000000-aaa";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "wandb-folder-"));
  const put = (path: string, content: Uint8Array | string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  put(`${ONE}/run-aaa.wandb`, frame([run(), exit()]));
  put(`${ONE}/run-aaa.wandb.synced`, "");
  put(`${ONE}/files/copy.wandb`, "below a run folder nothing is a log");
  put("wandb/offline-run-20240102_000000-b-b/run-b-b.wandb", frame([run(), exit()]));
  put("wandb/dryrun-20200101_000000-old/wandb-history.jsonl", "{}\n");
  put("wandb/run-20190101_000000-empty/debug.log", "");
  put("wandb/run-20260101_000000-new/files/config.yaml", "a: {value: 1}\n");
  put("downloads/abc/wandb-summary.json", "{}\n");
  put("wandb/settings", "[default]\n");
  put("wandb/debug.log", "");
  put("other/readme.txt", "no logs");
  put("a/b/c/d/run-deep.wandb", "too deep");
  symlinkSync(join(root, ONE), join(root, "wandb/latest-run"));
});
afterAll(() => rmSync(root, { recursive: true }));

const recognise = async (path: string) => {
  const found = await recogniseWandbFolder(join(root, path), nodeFiles);
  if ("tried" in found) return found;
  return {
    kind: found.kind,
    description: found.description,
    logs: found.logs.map(({ file, nameId }) => [file.slice(root.length + 1), nameId]),
    runs: found.runs.map(({ folder, nameId, nameTime, isNamed, places }) => [
      folder.slice(root.length + 1),
      nameId,
      isNamed ? nameTime : undefined,
      Object.values(places).map((place) => place.slice(folder.length + 1)),
    ]),
    findings: found.findings.map(({ code, where }) => [code, where?.file?.slice(root.length + 1)]),
  };
};

test("a wandb folder: links are not followed, a run folder without anything is reported", async () => {
  expect(await recognise("wandb")).toEqual({
    kind: "wandb-folder",
    description: "a folder of 2 W&B logs and files of 2 runs without a log",
    logs: [
      ["wandb/offline-run-20240102_000000-b-b/run-b-b.wandb", "b-b"],
      [`${ONE}/run-aaa.wandb`, "aaa"],
    ],
    runs: [
      ["wandb/dryrun-20200101_000000-old", "old", "2020-01-01T00:00:00Z", ["wandb-history.jsonl"]],
      ["wandb/run-20260101_000000-new", "new", "2026-01-01T00:00:00Z", ["files/config.yaml"]],
    ],
    findings: [["source/unrecognised", "wandb/run-20190101_000000-empty"]],
  });
});
test("the folder around it", async () => expect(await recognise(".")).toMatchObject({ kind: "wandb-folder" }));
test("a run folder, a link to one, a file", async () => {
  expect(await recognise(ONE)).toMatchObject({ kind: "run-folder", description: "a run folder with 1 W&B log" });
  expect(await recognise("wandb/latest-run")).toMatchObject({ kind: "run-folder", logs: [[expect.anything(), "aaa"]] });
  expect(await recognise(`${ONE}/run-aaa.wandb`)).toMatchObject({
    kind: "wandb-file",
    logs: [[expect.anything(), "aaa"]],
  });
});
test("a run without a log: its folder, files/ in it, one of its files", async () => {
  const old = "wandb/dryrun-20200101_000000-old";
  const one = { kind: "run-folder", description: "a run folder with files of 1 run without a log", logs: [] };
  expect(await recognise(old)).toMatchObject({ ...one, runs: [[old, "old", expect.anything(), expect.anything()]] });
  expect(await recognise(`${old}/wandb-history.jsonl`)).toMatchObject(one);
  for (const path of ["", "/files", "/files/config.yaml"]) {
    expect(await recognise(`wandb/run-20260101_000000-new${path}`)).toMatchObject({
      ...one,
      runs: [["wandb/run-20260101_000000-new", "new", expect.anything(), ["files/config.yaml"]]],
    });
  }
});
test("where there is a log, files/ and what is in it lead to the log", async () => {
  expect(await recognise(`${ONE}/files`)).toMatchObject({ kind: "run-folder", logs: [[expect.anything(), "aaa"]] });
});
test("files of a run in a folder of another name", async () => {
  expect(await recognise("downloads")).toMatchObject({
    kind: "wandb-folder",
    runs: [["downloads/abc", "abc", undefined, ["wandb-summary.json"]]],
  });
});
test("what is not recognised says what was tried", async () => {
  expect(await recognise("other")).toEqual({
    tried: [
      "run-<id>.wandb, wandb-history.jsonl, wandb-summary.json or wandb-metadata.json: none in 1 folders up to 3 levels deep",
    ],
  });
  expect(await recognise("wandb/settings")).toEqual({ tried: ["a .wandb file: the name does not end in .wandb"] });
  expect(await recognise("nowhere")).toEqual({ tried: ["nothing is at this path"] });
  expect(await recognise("a")).toMatchObject({ kind: "wandb-folder" });
});

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
    findings: found.findings.map(({ code, where }) => [code, where?.file?.slice(root.length + 1)]),
  };
};

test("a wandb folder: links are not followed, a run folder without a log is reported", async () => {
  expect(await recognise("wandb")).toEqual({
    kind: "wandb-folder",
    description: "a folder of 2 W&B logs",
    logs: [
      ["wandb/offline-run-20240102_000000-b-b/run-b-b.wandb", "b-b"],
      [`${ONE}/run-aaa.wandb`, "aaa"],
    ],
    findings: [["source/unrecognised", "wandb/dryrun-20200101_000000-old"]],
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
test("what is not recognised says what was tried", async () => {
  expect(await recognise("other")).toEqual({ tried: ["run-<id>.wandb files: none in 1 folders up to 3 levels deep"] });
  expect(await recognise("wandb/settings")).toEqual({ tried: ["a .wandb file: the name does not end in .wandb"] });
  expect(await recognise("nowhere")).toEqual({ tried: ["nothing is at this path"] });
  expect(await recognise("a")).toMatchObject({ kind: "wandb-folder" });
});

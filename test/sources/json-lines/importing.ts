import * as files from "node:fs/promises";
import { join } from "node:path";
import type { Finding } from "../../../src/finding.js";
import { type FieldNames, identityFields } from "../../../src/sources/json-lines/fields.js";
import type { RecordKind } from "../../../src/sources/json-lines/form.js";
import { importJsonLines } from "../../../src/sources/json-lines/import.js";
import type { ImportOptions } from "../../../src/store/raw-record.js";
import { temporaryFolder } from "../../temporary-folder.js";
import { blobText, Recorder } from "../wandb-folder/recorder.js";

/** What an import gave, as texts. */
export interface Imported {
  /** By `entity/project/run_id start`: the rows. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** By the same: run blob and state. */
  readonly runs: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
  /** Findings as `code file:line (count)`, without run/unknown-place. */
  readonly told: readonly string[];
  readonly progress: readonly number[];
}

export interface ImportInput {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly stdin?: readonly (string | Uint8Array)[];
  readonly kind?: RecordKind;
  readonly fields?: FieldNames;
  readonly options?: ImportOptions;
  /** Folder for the files; a new one by default. */
  readonly folder?: string;
}

function tell({ code, where, count }: Finding): string {
  const place = [where?.file?.replace(/^.*\/(?=[^/]*$)/, ""), where?.line ?? where?.row].filter(
    (part) => part !== undefined,
  );
  return `${code} ${place.join(":")}${count === undefined ? "" : ` (${count})`}`;
}

/** Writes files, imports them in the order of their names, and says what came of it. */
export async function importFiles(input: ImportInput): Promise<Imported> {
  const folder = input.folder ?? (await temporaryFolder());
  const temp = await temporaryFolder();
  const paths: string[] = [];
  for (const [name, content] of Object.entries(input.files ?? {})) {
    const path = join(folder, name);
    await files.mkdir(join(path, ".."), { recursive: true });
    await files.writeFile(path, content);
    paths.push(path);
  }
  if (input.stdin !== undefined) paths.push("-");
  const { kind: records = "history", fields = {} } = input;
  const inputs = paths.map((path) => ({ path, records, fields: identityFields(fields), runIdField: fields.runId }));
  const recorder = new Recorder();
  const progress: number[] = [];
  const stdin = async function* () {
    for (const part of input.stdin ?? []) yield Buffer.from(part as string);
  };
  const options = { entity: "e", project: "p", progress: (bytes: number) => progress.push(bytes), ...input.options };
  await importJsonLines(inputs, recorder, options, { files, temp, stdin });
  const left = await files.readdir(temp);
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
  const name = ({ key }: (typeof recorder.logs)[number]) => `${key.entity}/${key.project}/${key.run_id} ${key.start}`;
  const names = recorder.logs.map(name);
  if (new Set(names).size < names.length) throw new Error(`a log came twice: ${names.join(", ")}`);
  return {
    rows: Object.fromEntries(recorder.logs.map((log) => [name(log), log.history.map(({ text }) => text)])),
    runs: Object.fromEntries(recorder.logs.map((log) => [name(log), `${blobText(log.blobs?.run)} ${log.state}`])),
    findings: recorder.findings,
    told: recorder.findings.filter(({ code }) => code !== "run/unknown-place").map(tell),
    progress,
  };
}

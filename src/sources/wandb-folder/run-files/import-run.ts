import { isUtf8 } from "node:buffer";
import type { RunKey } from "../../../blob.js";
import { type Finding, type FindingCode, finding } from "../../../finding.js";
import { formatPointer } from "../../../json/pointer.js";
import type { ImportOptions, LogState, RecordWriter, RunBlobs } from "../../../store/raw-record.js";
import { type FolderFiles, readWhole, unlessUnreadable } from "../files.js";
import { FindingBudget } from "../finding-budget.js";
import { decodeText } from "../text.js";
import { type ConfigFile, readConfigYaml, YamlRefusal } from "./config-yaml.js";
import { FILE_NAMES, type FileRole, type RunFiles } from "./find.js";
import { runBlob, runFacts, stringMember } from "./metadata.js";
import { readRows } from "./rows.js";

const FLUSH_BYTES = 4 * 1024 * 1024;
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** A longer config.yaml is not parsed, which would take minutes and gigabytes; it is kept as it came. */
const MAX_YAML_BYTES = 4 * 1024 * 1024;
const EVIDENCE = 200;
const HEADER = "wandb_version: 1";

/** What the files of a run say before any row is read. */
export interface RunFilesHead {
  readonly run: RunFiles;
  /** Empty when no file says. */
  readonly entity: string;
  readonly project: string;
  /** Start of the run, canonical timestamp; "" when nothing says. Folder names of 0.10 and later are in local time. */
  readonly start: string;
  readonly bytes: number;
}

type Report = (item: Finding) => void;
type WholeFiles = Partial<Record<FileRole, Uint8Array>>;

const WHOLE: readonly FileRole[] = ["metadata", "summary", "config", "description"];
const ROWS: readonly FileRole[] = ["history", "events"];

async function readFiles(
  run: RunFiles,
  roles: readonly FileRole[],
  files: FolderFiles,
  report: Report,
): Promise<WholeFiles> {
  const found: WholeFiles = {};
  for (const role of roles) {
    const path = run.places[role];
    if (path === undefined) continue;
    const where = { file: path };
    const bytes = await unlessUnreadable(path, report, () => readWhole(files, path, MAX_FILE_BYTES));
    if (bytes !== undefined && bytes.length > 0) found[role] = bytes;
    else if (bytes !== undefined) report(finding("source/truncated", "The file is empty", { where }));
  }
  return found;
}

async function sizeOf(run: RunFiles, files: FolderFiles): Promise<number> {
  let bytes = 0;
  for (const path of Object.values(run.places)) {
    await unlessUnreadable(
      path,
      () => undefined,
      async () => {
        const file = await files.open(path);
        bytes += await file.size().finally(() => file.close());
      },
    );
  }
  return bytes;
}

/** Reads what identifies a run. Files that cannot be read are told of when the run is imported. */
export async function peekRunFiles(run: RunFiles, files: FolderFiles): Promise<RunFilesHead> {
  const { metadata, summary } = await readFiles(run, ["metadata", "summary"], files, () => undefined);
  const facts = runFacts(metadata, summary);
  return {
    run,
    entity: stringMember(facts.metadata, "entity"),
    project: stringMember(facts.metadata, "project"),
    start: facts.start || run.nameTime,
    bytes: await sizeOf(run, files),
  };
}

/** A run with its place in the project settled. */
export interface RunToImport {
  readonly head: RunFilesHead;
  readonly key: RunKey;
}

/** The import of one run from its files. */
class RunImport {
  readonly #head: RunFilesHead;
  readonly #key: RunKey;
  readonly #writer: RecordWriter;
  readonly #options: ImportOptions;
  readonly #files: FolderFiles;
  readonly #findings: FindingBudget;
  readonly #progress: { bytes: number };
  #unflushed = 0;
  #hasEnded = false;

  constructor(
    { head, key }: RunToImport,
    writer: RecordWriter,
    options: ImportOptions,
    files: FolderFiles,
    progress: { bytes: number },
  ) {
    this.#head = head;
    this.#key = key;
    this.#writer = writer;
    this.#options = options;
    this.#files = files;
    this.#findings = new FindingBudget((item) => writer.finding(item));
    this.#progress = progress;
  }

  async run(): Promise<void> {
    const { run, start } = this.#head;
    this.#writer.begin({ ...this.#key, source: "wandb-files", start });
    this.#reportPlace();
    const whole = await readFiles(run, WHOLE, this.#files, (item) => this.#findings.add({ ...item, run: this.#key }));
    const facts = runFacts(whole.metadata, whole.summary);
    this.#hasEnded = facts.hasEnded;
    const config = this.#config(whole.config);
    for (const role of ROWS) await this.#rows(role);
    const blobs: RunBlobs = {
      run: runBlob(facts, this.#more(whole, config)),
      config: config instanceof Uint8Array ? config : config && Buffer.from(config.config, "utf8"),
      summary: whole.summary,
      system_info: whole.metadata,
    };
    this.#findings.close();
    await this.#writer.end(blobs, this.#state());
  }

  #tell(code: FindingCode, role: FileRole | undefined, message: string, more: Partial<Finding> = {}): void {
    const { run } = this.#head;
    const file = role === undefined ? run.folder : (run.places[role] ?? run.folder);
    this.#findings.add(finding(code, message, { run: this.#key, where: { file, run: this.#key.run_id }, ...more }));
  }

  #reportPlace(): void {
    const { run } = this.#head;
    const unknown = (["entity", "project"] as const).filter((part) => this.#key[part] === "");
    if (unknown.length > 0) {
      const message = `The files do not name the ${unknown.join(" and ")} of the run; give --entity and --wandb-project`;
      this.#tell("run/unknown-place", undefined, message);
    }
    if (!run.isNamed) {
      const message = `The name of the folder is not run-<date>-<id>: all of it was taken as the run id ${run.nameId}`;
      this.#tell("source/wrong-shape", undefined, message);
    }
    for (const file of run.others) {
      const message = "A file of this name is in files/ too; that one was imported";
      this.#findings.add(finding("source/unrecognised", message, { run: this.#key, where: { file } }));
    }
  }

  /** The config that a config.yaml holds; its bytes when it cannot be read. */
  #config(bytes: Uint8Array | undefined): ConfigFile | Uint8Array | undefined {
    if (bytes === undefined) return undefined;
    try {
      if (bytes.length > MAX_YAML_BYTES) throw new YamlRefusal(`it has more than ${MAX_YAML_BYTES} bytes`);
      if (!isUtf8(bytes)) throw new YamlRefusal("it is not valid UTF-8");
      const text = Buffer.from(bytes).toString("utf8");
      const file = readConfigYaml(text);
      if (!text.endsWith("\n") && text !== HEADER) {
        const message = "The file does not end with a line end, as every client writes it: its last value may be cut";
        this.#tell("source/truncated", "config", message, { blob: "config", evidence: text.slice(-EVIDENCE) });
      }
      for (const { path, message, evidence } of file.problems) {
        const place = { blob: "config" as const, path: formatPointer(path), evidence };
        this.#tell(
          "source/ambiguous",
          "config",
          `A value of ${FILE_NAMES.config} has more than one reading: ${message}`,
          place,
        );
      }
      if (file.version !== undefined) {
        const message = `${FILE_NAMES.config} has wandb_version ${file.version}, known is 1; it was read as that`;
        this.#tell("source/wrong-shape", "config", message);
      }
      return file;
    } catch (error) {
      if (!(error instanceof YamlRefusal)) throw error;
      const message = `${FILE_NAMES.config} cannot be used: ${error.message}; its text was kept as it came`;
      const evidence = decodeText(bytes.subarray(0, EVIDENCE));
      this.#tell("json/refused", "config", message, { blob: "config", evidence });
      return bytes;
    }
  }

  /** What the run blob has beside the metadata. */
  #more(whole: WholeFiles, config: ConfigFile | Uint8Array | undefined): Map<string, string> {
    const more = new Map<string, string>();
    if (whole.description !== undefined) more.set("description", JSON.stringify(decodeText(whole.description)));
    if (config === undefined || config instanceof Uint8Array) return more;
    if (config.descriptions !== undefined) more.set("config_desc", config.descriptions);
    if (config.version !== undefined) more.set("wandb_version", config.version);
    return more;
  }

  async #rows(role: FileRole): Promise<void> {
    const path = this.#head.run.places[role];
    if (path === undefined) return;
    const row = (bytes: Uint8Array, from: number, to: number): void => {
      if (role === "history") this.#writer.history(undefined, bytes, from, to);
      else this.#writer.systemEvent(bytes, from, to);
      this.#unflushed += to - from;
    };
    const blob = role === "history" ? "history" : "system_event";
    await unlessUnreadable(
      path,
      (item) => this.#findings.add({ ...item, run: this.#key }),
      () =>
        readRows(path, this.#files, {
          row,
          cut: (bytes, from, to, line) => {
            const evidence = decodeText(bytes, from, to).slice(0, EVIDENCE);
            const hasEnded = this.#hasEnded;
            const fate = hasEnded ? "it was kept as it came" : "it was left out, as the run may still be writing it";
            const where = { file: path, line, run: this.#key.run_id };
            const message = `Line ${line} ends before its object does; ${fate}`;
            this.#tell(hasEnded ? "source/truncated" : "source/open-log", role, message, { blob, evidence, where });
            if (hasEnded) row(bytes, from, to);
          },
          tooLong: (line) => {
            const where = { file: path, line, run: this.#key.run_id };
            this.#tell("source/wrong-shape", role, `Line ${line} is too long to be read; it was left out`, { where });
          },
          pause: (bytes) => this.#pause(bytes),
        }),
    );
  }

  async #pause(bytes: number): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#progress.bytes += bytes;
    this.#options.progress?.(this.#progress.bytes);
    if (this.#unflushed < FLUSH_BYTES) return;
    this.#unflushed = 0;
    await this.#writer.flush();
  }

  #state(): LogState {
    const isDamaged = (["source/damaged", "source/truncated", "source/unreadable"] as const).some((code) =>
      this.#findings.has(code),
    );
    if (isDamaged) return "damaged";
    return this.#hasEnded ? "complete" : "growing";
  }
}

/**
 * Imports a run from the files beside or instead of its log: `config.yaml`, `wandb-summary.json`,
 * `wandb-metadata.json`, `wandb-history.jsonl`, `wandb-events.jsonl`, `description.md`. JSON is taken as it is spelled.
 * @throws the writer's errors and the signal's reason; a file that cannot be read is a finding.
 */
export async function importRunFiles(
  run: RunToImport,
  writer: RecordWriter,
  options: ImportOptions,
  files: FolderFiles,
  progress: { bytes: number },
): Promise<void> {
  options.signal?.throwIfAborted();
  await new RunImport(run, writer, options, files, progress).run();
}

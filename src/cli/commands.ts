import type { CommandRun } from "./context.js";
import type { OptionName } from "./options.js";

/** One verb of the command line. */
export interface Command {
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly arguments: string;
  /** How many positional arguments it takes. */
  readonly positionals: { readonly least: number; readonly most: number };
  /** One line for the list of commands. */
  readonly summary: string;
  /** What it reads, does and prints; paragraphs of its help. */
  readonly description: readonly string[];
  /** Its own options, in the order of the help. */
  readonly options: readonly OptionName[];
  /** Command lines that work, each with what it does. */
  readonly examples: readonly (readonly [line: string, says: string])[];
  /** Loads the module that does it; only the command that runs is loaded. */
  readonly load: () => Promise<CommandRun>;
}

const NONE = { least: 0, most: 0 } as const;
const ANY = { least: 0, most: Number.POSITIVE_INFINITY } as const;
const SOURCES =
  "a wandb/ folder, one run folder in it, a .wandb file, a dr_wandb export (its folder or a file of it), or JSON Lines";
const JSON_LINES_TEXT =
  "JSON Lines are files of one JSON object a line, or JSON lists of objects, plain or as .gz or .zst; - is standard input. Each object is a row of a run's history or a run.";
const GLOBS =
  "A quoted glob such as 'runs/*.jsonl' or 'projects/*/wandb' stands for the files that match it, or when none does or it ends in / for the folders.";
const JSON_LINES: readonly OptionName[] = ["kind", "run-id-field", "project-field", "entity-field"];

const TABLE_OPTIONS: readonly OptionName[] = ["to", "history", "compression", "row-group-size", "partition-by"];

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: "sync",
    arguments: "[PATH…]",
    positionals: ANY,
    summary: "the whole way: import, schemas, generate, tables, report",
    description: [
      `Imports each PATH (${SOURCES}) into the raw store, writes tables and a report, and says what to look at. Without a PATH it takes "sources" of wandb-columns.json.`,
      JSON_LINES_TEXT,
      GLOBS,
      "In a folder without schemas it proposes them from the data and writes schemas/ and a .gitignore. From then on your schemas decide, and --on-new says what happens to paths they do not know.",
      "Only what is new is imported and only tables that change are written, so it is cheap to run again.",
    ],
    options: [
      ...JSON_LINES,
      "entity",
      "wandb-project",
      "on-new",
      ...TABLE_OPTIONS,
      "fail-on",
      "memory",
      "threads",
      "wait",
      "dry-run",
      "json",
    ],
    examples: [
      ["wandb-columns sync ./wandb", "tables from the logs of local runs, in ./tables"],
      ["wandb-columns sync export/ --project analysis", "a dr_wandb export, into the folder analysis"],
      ["wandb-columns sync 'projects/*/wandb' old/export", "several sources at once, runs of whatever projects"],
      ["wandb-columns sync ./wandb --on-new add", "give every new path a column"],
    ],
    load: async () => (await import("./sync.js")).sync,
  },
  {
    name: "import",
    arguments: "PATH…",
    positionals: { least: 1, most: Number.POSITIVE_INFINITY },
    summary: "local sources to the raw store",
    description: [
      `Reads each PATH (${SOURCES}) and keeps every record in raw/, byte for byte. What was imported before and did not change adds nothing.`,
      JSON_LINES_TEXT,
      GLOBS,
      "A source that is damaged in part gives what is whole, and findings for the rest.",
    ],
    options: [...JSON_LINES, "entity", "wandb-project", "fail-on", "memory", "threads", "wait", "dry-run", "json"],
    examples: [
      ["wandb-columns import ./wandb", "every run of a wandb/ folder"],
      ["wandb-columns import run.wandb --entity me --wandb-project mnist", "a log that does not say whose it is"],
      ["wandb-columns import 'rows/*.jsonl.gz' --kind history", "files with a history row a line"],
      ["wandb-columns import export/ --dry-run", "what would be read"],
    ],
    load: async () => (await import("./import.js")).importCommand,
  },
  {
    name: "infer",
    arguments: "",
    positionals: NONE,
    summary: "propose schemas for paths that no schema declares",
    description: [
      "Looks at every path of the raw store that no schema declares, and proposes a column or a reason to leave it serialized. Prints a summary; with --json the proposal as a JSON Patch (RFC 6902) for each schema file.",
      "Nothing is written without --write.",
    ],
    options: ["write", "json"],
    examples: [
      ["wandb-columns infer", "what it would add"],
      ["wandb-columns infer --write", "add it to schemas/"],
    ],
    load: async () => (await import("./infer.js")).inferCommand,
  },
  {
    name: "generate",
    arguments: "",
    positionals: NONE,
    summary: "schemas to generated/: types, validators, plan, DDL, docs",
    description: [
      "Makes generated/ from schemas/ and the built-in schemas: TypeScript types, validators, plan.json, DDL, dbt sources and columns.md. Same schemas, same bytes.",
    ],
    options: ["check", "dry-run", "json"],
    examples: [
      ["wandb-columns generate", "after schemas/ changed"],
      ["wandb-columns generate --check", "in CI: exit 1 when generated/ is stale"],
    ],
    load: async () => (await import("./generate.js")).generateCommand,
  },
  {
    name: "plan",
    arguments: "",
    positionals: NONE,
    summary: "print the tables and columns that the schemas give",
    description: [
      "Reads the schemas only: no data is needed, nothing is written. With --sql it prints the queries that an export would run on what the raw store holds.",
    ],
    options: ["table", "sql", "json"],
    examples: [
      ["wandb-columns plan", "every table and column"],
      ["wandb-columns plan --table history --sql", "the query that fills one table"],
    ],
    load: async () => (await import("./plan.js")).planCommand,
  },
  {
    name: "export",
    arguments: "",
    positionals: NONE,
    summary: "raw store to tables",
    description: [
      "Writes the tables of the plan from the raw store, as Parquet files in a folder or into one DuckDB database. Parts of Parquet tables whose runs did not change stay as they are; a database is written as a whole when anything is new, and takes the place of the old file when it is complete.",
      "A change of --history, --compression, --row-group-size or --partition-by writes all tables again: put what is to last into wandb-columns.json.",
    ],
    options: [...TABLE_OPTIONS, "memory", "threads", "wait", "fail-on", "dry-run", "json"],
    examples: [
      ["wandb-columns export", "to tables/ of the project folder"],
      ["wandb-columns export --to parquet:/data/mnist", "to another folder"],
      ["wandb-columns export --to duckdb:mnist.duckdb", "to a database, with comments on tables and columns"],
      ["wandb-columns export --history long", "the history with one row a metric"],
    ],
    load: async () => (await import("./export.js")).exportCommand,
  },
  {
    name: "rebuild",
    arguments: "",
    positionals: NONE,
    summary: "tables back to the payloads, as JSON Lines",
    description: [
      "Puts columns, family tables and residuals together again and prints one JSON object a record. Compare it with the source: nothing was lost.",
    ],
    options: ["from", "memory", "threads"],
    examples: [["wandb-columns rebuild > rebuilt.jsonl", "every run of the project's tables"]],
    load: async () => (await import("./rebuild.js")).rebuildCommand,
  },
  {
    name: "report",
    arguments: "",
    positionals: NONE,
    summary: "what became of every path, and why",
    description: [
      "Prints how much of the data is in columns, what is not and for which reason, and what to do next. The whole report, path by path, is in the formats json and md.",
    ],
    options: ["format", "fail-on", "json"],
    examples: [
      ["wandb-columns report", "a summary"],
      ["wandb-columns report --format md > report.md", "every path, for people"],
      ["wandb-columns report --json | jq '.paths[] | select(.reason)'", "paths without a column"],
    ],
    load: async () => (await import("./report.js")).reportCommand,
  },
  {
    name: "explain",
    arguments: "PATH|COLUMN",
    positionals: { least: 1, most: 1 },
    summary: "where a column comes from, or why a path is none",
    description: [
      "Takes a path (config/optimizer/lr, summary/loss, or a JSON Pointer) or a column (config_optimizer_lr, history.loss).",
    ],
    options: ["json"],
    examples: [
      ["wandb-columns explain config/lr", "the path /lr of the config"],
      ["wandb-columns explain runs.config_lr", "a column"],
    ],
    load: async () => (await import("./explain.js")).explainCommand,
  },
  {
    name: "status",
    arguments: "",
    positionals: NONE,
    summary: "per project: runs, completeness, new paths, size",
    description: ["Reads the raw store and the schemas; nothing is written."],
    options: ["json"],
    examples: [["wandb-columns status --json", "for a script"]],
    load: async () => (await import("./status.js")).statusCommand,
  },
  {
    name: "gc",
    arguments: "",
    positionals: NONE,
    summary: "drop what is superseded, and merge small files",
    description: [
      "Removes from raw/ every row that does not count: of logs that were imported again later, and of sources that a better one supersedes. Merges small segments, and removes what crashed runs left in raw/ and tables/. No table changes.",
      "Import and sync do the most of it by themselves: small segments are merged, and none stays more than half superseded.",
    ],
    options: ["to", "memory", "wait", "dry-run", "json"],
    examples: [
      ["wandb-columns gc --dry-run", "how much it would drop"],
      ["wandb-columns gc", "drop it"],
    ],
    load: async () => (await import("./gc.js")).gcCommand,
  },
  {
    name: "forget",
    arguments: "RUN|PROJECT…",
    positionals: { least: 1, most: Number.POSITIVE_INFINITY },
    summary: "remove a run or a project everywhere",
    description: [
      "Removes each run, or every run of a project, from raw/, tables/ and report/: no file has a byte of it then. RUN is entity/project/run_id, PROJECT is entity/project; a run id or a project alone will do where only one has it. Names are exact. It does not ask: look with --dry-run first.",
      "Schemas keep their columns, since other runs may have them. Importing the same source again brings the run back. Tables in other folders are written anew with --to.",
    ],
    options: ["to", "memory", "threads", "wait", "dry-run", "json"],
    examples: [
      ["wandb-columns forget lab/mnist/3f2a9c01 --dry-run", "what would go"],
      ["wandb-columns forget lab/mnist", "every run of a project"],
    ],
    load: async () => (await import("./forget.js")).forgetCommand,
  },
];

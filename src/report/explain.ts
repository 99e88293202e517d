import type { BlobName } from "../blob.js";
import { isPrefix, parsePointer } from "../json/pointer.js";
import { HISTORY_FORMS, historyName, storedTables } from "../plan/history-form.js";
import type { Column, Plan, SerializedReason, Table } from "../plan/plan.js";
import {
  bestMatches,
  blobRoot,
  containersOf,
  type Known,
  knownPaths,
  namesakes,
  readings,
  suggest,
} from "./explain-query.js";
import { pathKey } from "./facts.js";
import { REASONS } from "./reasons.js";
import type { ColumnEntry, PathEntry, Report } from "./schema.js";

/** A column that a query means. */
export interface ColumnAnswer {
  readonly kind: "column";
  readonly table: string;
  readonly column: Column;
  /** key: part of the table's key; computed: made from the record; family: from the members of a family; path: from one path. */
  readonly origin: "key" | "computed" | "family" | "path";
  /** Set when the query is a name that the column had before. */
  readonly formerly?: string;
  readonly fill?: ColumnEntry;
  /** What was seen at its path. */
  readonly seen?: PathEntry;
}

/** The column that keeps what no other column of a blob holds. */
export interface ResidualAnswer {
  readonly kind: "residual";
  readonly table: string;
  readonly column: string;
  readonly blob: BlobName;
}

/** A path that is no column, and why. */
export interface PathAnswer {
  readonly kind: "serialized";
  readonly blob: BlobName;
  readonly path: string;
  readonly reason: SerializedReason;
  readonly detail?: string;
  /** The reason in words. */
  readonly says: string;
  readonly next?: string;
  /** Absent when the schema speaks of the path and the data never had it. */
  readonly seen?: PathEntry;
  /** The path above it that decides, when it is not decided itself. */
  readonly decidedBy?: string;
}

/** A member of a family: its values are rows. */
export interface MemberAnswer {
  readonly kind: "member";
  readonly table: string;
  readonly column: string;
  readonly seen: PathEntry;
}

/** An object whose members are decided one by one. */
export interface ContainerAnswer {
  readonly kind: "container";
  readonly blob: BlobName;
  readonly path: string;
  readonly promoted: number;
  readonly serialized: number;
}

/** A name that was a column once and is never given again. */
export interface RetiredAnswer {
  readonly kind: "retired";
  readonly table: string;
  readonly name: string;
  readonly id: number;
}

export type Answer = ColumnAnswer | ResidualAnswer | PathAnswer | MemberAnswer | ContainerAnswer | RetiredAnswer;

/** What a query means: nothing, with what it might have meant, or one answer or several. */
export interface Explanation {
  readonly query: string;
  readonly answers: readonly Answer[];
  /** Known names and paths like the query, best first; empty when there are answers. */
  readonly suggestions: readonly string[];
}

function originOf(table: Table, column: Column): ColumnAnswer["origin"] {
  if (table.families.some((family) => family.values.some((value) => value.id === column.id))) return "family";
  if (table.key.includes(column.name) && column.blob === undefined) return "key";
  return column.blob === undefined || column.computed === true ? "computed" : "path";
}

function columnAnswer(table: Table, column: Column, report: Report, formerly?: string): ColumnAnswer {
  const fill = report.columns.find((entry) => entry.id === column.id && entry.table === table.name);
  const origin = originOf(table, column);
  const seen =
    origin === "path"
      ? report.paths.find((entry) => entry.blob === column.blob && entry.path === column.path)
      : undefined;
  return {
    kind: "column",
    table: table.name,
    column,
    origin,
    ...(formerly === undefined ? {} : { formerly }),
    ...(fill === undefined ? {} : { fill }),
    ...(seen === undefined ? {} : { seen }),
  };
}

/** Columns by name, `table.column` or an old name, residual columns and retired names. */
function nameAnswers(plan: Plan, report: Report, query: string): Answer[] {
  const answers: Answer[] = [];
  for (const table of plan.tables) {
    const is = (name: string): boolean => query === name || query === `${table.name}.${name}`;
    for (const column of table.columns) {
      const old = column.was?.find(is);
      if (is(column.name)) answers.push(columnAnswer(table, column, report));
      else if (old !== undefined) answers.push(columnAnswer(table, column, report, old));
    }
    for (const { name, blob } of table.residuals) {
      if (is(name)) answers.push({ kind: "residual", table: table.name, column: name, blob });
    }
  }
  if (answers.length > 0) return answers;
  return plan.retired
    .filter(({ table, name }) => query === name || query === `${table}.${name}`)
    .map((item) => ({ kind: "retired", ...item }));
}

/** A column of the history in another form as the plan calls it: `history_struct.metrics.loss` is `history.loss`. */
function nameInPlan(query: string): string {
  const form = HISTORY_FORMS.find((item) => item !== "wide" && query.startsWith(`${historyName(item)}.`));
  if (form === undefined) return query;
  return `history.${query.slice(historyName(form).length + 1).replace(/^metrics\./, "")}`;
}

/** A column that only another form of the history has: those of the long one, and the one that holds all metrics. */
function formAnswers(plan: Plan, report: Report, query: string): Answer[] {
  return HISTORY_FORMS.flatMap((form) => storedTables(plan, form))
    .filter((table) => table.form !== "wide")
    .flatMap((table) => {
      const added = table.columns.filter((column) => !table.of.columns.includes(column));
      const column = added.find(({ name }) => query === `${table.name}.${name}`);
      if (column !== undefined) return [columnAnswer(table, column, report)];
      const isStruct = table.struct !== undefined && query === `${table.name}.${table.struct.name}`;
      return isStruct ? blobRoot("history").map((item) => containerAnswer(report, item)) : [];
    });
}

function serializedAnswer(plan: Plan, known: Known): Answer | undefined {
  const declared = plan.serialized.find(
    (item) => item.blob === known.blob && isPrefix(parsePointer(item.path), known.path),
  );
  const reason = known.entry?.reason ?? declared?.reason;
  if (reason === undefined) return undefined;
  const detail = known.entry?.detail ?? declared?.detail;
  const { says, next } = REASONS[reason];
  return {
    kind: "serialized",
    blob: known.blob,
    path: known.pointer,
    reason,
    says,
    ...(detail === undefined ? {} : { detail }),
    ...(next === undefined ? {} : { next }),
    ...(known.entry === undefined ? {} : { seen: known.entry }),
    ...(declared === undefined || declared.path === known.pointer ? {} : { decidedBy: declared.path }),
  };
}

function pathAnswer(plan: Plan, report: Report, known: Known): Answer[] {
  const { entry } = known;
  if (entry?.decision === "serialized") return [serializedAnswer(plan, known)].flatMap((answer) => answer ?? []);
  for (const table of plan.tables) {
    const column = table.columns.find((item) => item.blob === known.blob && item.path === known.pointer);
    if (column !== undefined && originOf(table, column) === "path") return [columnAnswer(table, column, report)];
  }
  if (entry !== undefined) {
    return [{ kind: "member", table: entry.table ?? "", column: entry.column ?? "", seen: entry }];
  }
  return [serializedAnswer(plan, known)].flatMap((answer) => answer ?? []);
}

function containerAnswer(report: Report, { blob, path, pointer }: Known): Answer {
  const below = report.paths.filter((entry) => entry.blob === blob && isPrefix(path, parsePointer(entry.path)));
  const promoted = below.filter((entry) => entry.decision === "promoted").length;
  return { kind: "container", blob, path: pointer, promoted, serialized: below.length - promoted };
}

function firstFound(...ways: readonly (() => readonly Answer[])[]): readonly Answer[] {
  for (const way of ways) {
    const answers = way();
    if (answers.length > 0) return answers;
  }
  return [];
}

/**
 * Where a column comes from, or why a path is no column.
 * @param query a column (`config_lr`, `runs.config_lr`, an old name), or a path: a JSON Pointer with or without its
 * blob (`/lr`, `config/lr`, `summary:/train~1loss`), or its keys joined by slashes or dots (`train/loss`,
 * `config.optimizer.lr`), or a blob. The name that a path would have as a column finds a path that is none.
 */
export function explain(plan: Plan, report: Report, query: string): Explanation {
  const text = query.trim();
  const known = knownPaths(plan, report);
  const ways = readings(text);
  const about = (paths: readonly Known[]): Answer[] => paths.flatMap((item) => pathAnswer(plan, report, item));
  const answers = firstFound(
    () => nameAnswers(plan, report, text),
    () => formAnswers(plan, report, text),
    () => nameAnswers(plan, report, nameInPlan(text)),
    () => about(bestMatches(known, ways)),
    () => [...blobRoot(text), ...bestMatches(containersOf(known), ways)].map((item) => containerAnswer(report, item)),
    () => about(namesakes(plan, known, text)),
  );
  if (answers.length > 0) return { query: text, answers, suggestions: [] };
  const columns = plan.tables.flatMap((table) => table.columns.map((column) => column.name));
  const spelled = known.map((item) => pathKey(item.blob, item.pointer));
  return { query: text, answers: [], suggestions: suggest(text, [...new Set([...columns, ...spelled])]) };
}

import type { Answer, ColumnAnswer, Explanation, PathAnswer } from "../report/explain.js";
import type { PathEntry } from "../report/schema.js";
import {
  commandLine,
  counted,
  cut,
  grouped,
  ink,
  percent,
  printable,
  type TextStyle,
  tallied,
  wrap,
} from "./layout.js";
import { shellPath } from "./text.js";

type Fact = readonly [label: string, text: string | undefined];

/** Labelled lines: the label once, long texts broken. */
function factLines(facts: readonly Fact[], style: TextStyle): string[] {
  return facts.flatMap(([label, text]) => {
    if (text === undefined || text === "") return [];
    const lines = wrap(printable(text), style.width - 13);
    return lines.map((line, i) => `  ${ink(style, "dim", (i === 0 ? label : "").padEnd(10))} ${line}`);
  });
}

function seenFacts(seen: PathEntry | undefined, style: TextStyle): Fact[] {
  if (seen === undefined) return [["seen", "never in the data that was imported"]];
  const one = seen.first_run === seen.last_run;
  return [
    ["seen", `${counted(seen.rows, "value")} in ${counted(seen.runs, "run")}: ${tallied(seen.types)}`],
    ["example", seen.example === undefined ? undefined : cut(printable(seen.example), style.width - 13)],
    [one ? "run" : "first run", seen.first_run],
    ["last run", one ? undefined : seen.last_run],
  ];
}

const ORIGIN: Record<ColumnAnswer["origin"], (answer: ColumnAnswer) => string> = {
  key: (answer) => `key column of the table ${answer.table}`,
  computed: () => "made from the record, not from one path",
  family: (answer) => `members of a family in ${answer.column.blob ?? "the data"}: one row each`,
  path: (answer) => `${answer.column.blob ?? ""}${answer.column.path ?? ""}`,
};

function columnLines(answer: ColumnAnswer, style: TextStyle): string[] {
  const { column, fill } = answer;
  const filled =
    fill === undefined
      ? undefined
      : `${grouped(fill.filled)} of ${counted(fill.rows, "row")} (${percent(fill.filled, fill.rows)})`;
  const misfits =
    fill === undefined || fill.misfits === 0
      ? undefined
      : `${fill.misfits_at_most ? "up to " : ""}${counted(fill.misfits, "value")} (${tallied(fill.misfit_types)}): NULL here, kept in the residual`;
  const age = [column.since && `since ${column.since}`, column.until && `until ${column.until}`].filter((part) => part);
  return [
    `${ink(style, "bold", printable(`${answer.table}.${column.name}`))} is a column of type ${column.type}.`,
    ...factLines(
      [
        ["formerly", answer.formerly],
        ["means", column.description],
        ["unit", column.unit],
        ["from", ORIGIN[answer.origin](answer)],
        ["source", [column.source, ...age].filter((part) => part).join(", ")],
        ["filled", filled],
        ["misfits", misfits],
        ...(answer.origin === "path" ? seenFacts(answer.seen, style) : []),
      ],
      style,
    ),
  ];
}

function pathLines(answer: PathAnswer, style: TextStyle): string[] {
  const path = printable(`${answer.blob}${answer.path}`);
  return [
    `${ink(style, "bold", path)} is no column: ${answer.reason}.`,
    ...factLines(
      [
        ["why", `${answer.says}${answer.detail === undefined ? "" : ` (${answer.detail})`}`],
        ["decided by", answer.decidedBy === undefined ? undefined : `${answer.blob}${answer.decidedBy}`],
        ["proposal", answer.seen?.proposal],
        ...seenFacts(answer.seen, style),
        ["kept", "as JSON, exactly as it came, in the residual"],
        ["next", answer.next],
      ],
      style,
    ),
  ];
}

function answerLines(answer: Answer, style: TextStyle): string[] {
  switch (answer.kind) {
    case "column":
      return columnLines(answer, style);
    case "serialized":
      return pathLines(answer, style);
    case "residual":
      return [
        `${ink(style, "bold", printable(`${answer.table}.${answer.column}`))} holds what no column has of ${answer.blob}, as JSON text.`,
      ];
    case "member":
      return [
        `${ink(style, "bold", printable(`${answer.seen.blob}${answer.seen.path}`))} is a member of a family.`,
        ...factLines(
          [
            ["rows", `one each in the table ${answer.table}, the value in its column ${answer.column}`],
            ...seenFacts(answer.seen, style),
          ],
          style,
        ),
      ];
    case "container":
      return [
        `${ink(style, "bold", printable(`${answer.blob}${answer.path}`))} is ${answer.path === "" ? "a blob" : "an object"} whose members are decided one by one.`,
        ...factLines(
          [["below", `${counted(answer.promoted, "path")} in columns, ${grouped(answer.serialized)} not`]],
          style,
        ),
      ];
    case "retired":
      return [
        `${ink(style, "bold", printable(`${answer.table}.${answer.name}`))} was a column once (id ${answer.id}); its name is never given again.`,
      ];
  }
}

/** An explanation for a terminal. */
export function explainText(explanation: Explanation, style: TextStyle): string {
  const { query, answers, suggestions } = explanation;
  if (answers.length > 0) {
    return `${answers.map((answer) => answerLines(answer, style).join("\n")).join("\n\n")}\n`;
  }
  const lines = [`Nothing is known of ${ink(style, "bold", printable(query))}: no schema has it and no data had it.`];
  if (suggestions.length > 0) {
    lines.push(
      "Did you mean:",
      ...suggestions.map((text) => `  ${commandLine(style, `explain ${printable(shellPath("", text))}`)}`),
    );
  } else lines.push(`Next: \`${commandLine(style, "report --format md")}\` lists every path and column.`);
  return `${lines.join("\n")}\n`;
}

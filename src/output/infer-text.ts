import { formatPointer } from "../json/pointer.js";
import { SERIALIZED_REASONS } from "../plan/plan.js";
import type { AppliedPatch } from "../profile/infer-apply.js";
import type { Decision, SchemaPatch } from "../profile/infer-patch.js";
import { REASONS } from "../report/reasons.js";
import {
  aligned,
  commandLine,
  counted,
  cutMiddle,
  grouped,
  ink,
  printable,
  type TextStyle,
  tallied,
  wrap,
} from "./layout.js";

const SHOWN = 6;

function verdict(decision: Decision): string {
  return decision.decision === "promoted" ? (decision.type ?? "") : (decision.reason ?? "");
}

function groupedBy(decisions: readonly Decision[], name: (decision: Decision) => string): [string, Decision[]][] {
  const groups = new Map<string, Decision[]>();
  for (const decision of decisions) {
    const known = groups.get(name(decision));
    if (known === undefined) groups.set(name(decision), [decision]);
    else known.push(decision);
  }
  return [...groups];
}

function pathLines(decisions: readonly Decision[], style: TextStyle): string[] {
  const rows = decisions
    .slice(0, SHOWN)
    .map((decision) => [
      `    ${cutMiddle(printable(decision.blob + formatPointer(decision.path)), style.width - 36)}`,
      tallied(decision.types),
    ]);
  const more = decisions.length - SHOWN;
  return [...aligned(rows), ...(more > 0 ? [`    … and ${grouped(more)} more`] : [])];
}

/** Columns: by type, most first, with some paths of each. */
function columnLines(decisions: readonly Decision[], style: TextStyle): string[] {
  return groupedBy(decisions, verdict)
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .flatMap(([type, items]) => [`  ${counted(items.length, "column")} of type ${type}`, ...pathLines(items, style)]);
}

/** Reasons in the order of the closed list, which starts with what a person can mend. */
function reasonLines(decisions: readonly Decision[], style: TextStyle): string[] {
  return SERIALIZED_REASONS.flatMap((reason) => {
    const items = decisions.filter((decision) => decision.reason === reason);
    if (items.length === 0) return [];
    return [
      ...wrap(`${counted(items.length, "path")} ${reason}: ${REASONS[reason].says}`, style.width, "  "),
      ...pathLines(items, style),
    ];
  });
}

/**
 * What inference proposes, for a terminal: how many columns, which paths stay serialized and why, which files change.
 * @param written whether the files were written, which decides the last line.
 */
export function inferText(patch: SchemaPatch, applied: AppliedPatch, written: boolean, style: TextStyle): string {
  if (patch.decisions.length === 0) return "Every path is decided by a schema; nothing to propose.\n";
  const promoted = patch.decisions.filter((decision) => decision.decision === "promoted");
  const serialized = patch.decisions.filter((decision) => decision.decision === "serialized");
  const part = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ["", ink(style, "bold", title), ...lines];
  const next = written
    ? `Next: \`${commandLine(style, "export")}\` fills the new columns for every stored run.`
    : `Next: \`${commandLine(style, "infer --write")}\` writes this.`;
  const lines = [
    ink(
      style,
      "bold",
      `${counted(patch.decisions.length, "path")} to decide: ${counted(promoted.length, "column")}, ${grouped(serialized.length)} to stay serialized`,
    ),
    ...part("No columns", reasonLines(serialized, style)),
    ...part("Columns", columnLines(promoted, style)),
    ...part(
      written ? "Written" : "Files that would change",
      [...applied.files.keys()].map((file) => `  ${printable(file)}`),
    ),
    "",
    next,
  ];
  return `${lines.join("\n")}\n`;
}

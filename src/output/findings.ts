import { formatLocator } from "../errors.js";
import type { Finding, FindingCode, Severity } from "../finding.js";
import { runText } from "../report/facts.js";
import type { FindingGroup } from "../report/schema.js";
import { cut, cutMiddle, grouped, type Ink, ink, printable, type TextStyle, wrap } from "./layout.js";

/** What to do about findings of a code; a code without an entry needs nothing. */
export const NEXT_STEP: Partial<Record<FindingCode, string>> = {
  "source/unreadable": "Make the file readable, then import it again.",
  "source/truncated": "Copy the file again from where it came, then import it again.",
  "source/damaged": "Copy the file again from where it came, then import it again.",
  "source/wrong-shape": "Import a file that W&B or one of its exporters wrote.",
  "source/too-long": "Import again with more, such as `--memory 8GB`.",
  "source/expands": "Look where the file comes from; import it with more --memory if it is meant.",
  "source/unrecognised": "Name the file itself if it holds W&B data.",
  "source/partial": "Import the whole run from elsewhere if you need it.",
  "source/ambiguous": "If it was read wrong, correct it in the file (quote a text), then import it again.",
  "json/refused": "Its text is in the residual; mend it at the source to get columns.",
  "json/duplicate-key": "Its text is in the residual; mend it at the source to get columns.",
  "run/unknown-place": "Import again with --entity and --wandb-project.",
  "run/growing": "Import it again when the run has ended.",
  "run/short": "Import a complete source of the run, such as its .wandb file.",
  "value/misfit": "Look at the values in the table misfits, or widen the column's type in your schema.",
  "value/zero-sign": "Read the sign from Parquet: `wandb-columns export --to parquet:DIR`.",
  "path/undeclared": "Run `wandb-columns infer` to see what would be added, `infer --write` to add it.",
};

const SEVERITY_INK: Record<Severity, Ink> = { error: "red", warning: "yellow", note: "cyan" };

/** Where a finding is: file, line, run, row, blob and path, as far as they are known; may be empty. */
export function findingPlace(item: Finding): string {
  const { path: _path, run: _run, ...where } = item.where ?? {};
  const path = item.path ?? item.where?.path;
  const run = item.run === undefined ? item.where?.run : runText(item.run);
  const inside = path === undefined && item.blob === undefined ? "" : `${item.blob ?? ""}${path ?? ""}`;
  return [formatLocator(where), run === undefined ? "" : `run ${run}`, inside].filter((part) => part !== "").join(", ");
}

/** How many findings of one code are shown one by one. */
const SHOWN = 3;

function itemLines(item: Finding, style: TextStyle): string[] {
  const place = printable(findingPlace(item));
  const room = style.width - 4;
  const evidence = item.evidence === undefined ? [] : [`    found: ${cut(printable(item.evidence), room - 7)}`];
  return [
    ...(place === "" ? [] : [`    ${ink(style, "bold", cutMiddle(place, room))}`]),
    ...wrap(printable(item.message), style.width, "    "),
    ...evidence,
  ];
}

/** Findings by code for a terminal: severity, code, count and meaning, the first few with place and message, the next step. */
export function findingLines(groups: readonly FindingGroup[], style: TextStyle): string[] {
  return groups.flatMap((group) => {
    const more = group.findings.length - SHOWN;
    const next = NEXT_STEP[group.code];
    return [
      `  ${ink(style, SEVERITY_INK[group.severity], group.severity)} ${group.code} (${grouped(group.count)})`,
      ...wrap(group.says, style.width, "    "),
      ...group.findings.slice(0, SHOWN).flatMap((item) => itemLines(item, style)),
      ...(more > 0 ? [`    … and ${grouped(more)} more`] : []),
      ...(next === undefined ? [] : wrap(`Next: ${next}`, style.width, "    ")),
    ];
  });
}

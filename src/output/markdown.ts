import { codeSpan, escapeMarkdown, markdownTable } from "../codegen/markdown.js";
import { projectText } from "../report/facts.js";
import type { ColumnEntry, FindingGroup, PathEntry, Report } from "../report/schema.js";
import { findingPlace, NEXT_STEP } from "./findings.js";
import { grouped, percent, tallied } from "./layout.js";
import { headline } from "./text.js";

function chapter(title: string, parts: readonly string[]): string[] {
  const body = parts.filter((part) => part !== "");
  return body.length === 0 ? [] : [`## ${title}`, ...body];
}

/** Findings of one code that are listed; the report in JSON has all of them. */
const LISTED = 100;

function findingsPart(groups: readonly FindingGroup[]): string[] {
  return groups.flatMap((group) => {
    const next = NEXT_STEP[group.code];
    const more = group.findings.length - LISTED;
    return [
      `### ${codeSpan(group.code)} (${group.severity}, ${grouped(group.count)})`,
      escapeMarkdown(group.says) + (next === undefined ? "" : ` ${escapeMarkdown(next)}`),
      markdownTable(
        [
          { title: "Where", cell: (item) => place(findingPlace(item)), optional: true },
          { title: "What", cell: (item) => escapeMarkdown(item.message) },
          {
            title: "Found",
            cell: (item) => (item.evidence === undefined ? "" : codeSpan(item.evidence)),
            optional: true,
          },
        ],
        group.findings.slice(0, LISTED),
      ),
      more > 0 ? `… and ${grouped(more)} more, which report.json has.` : "",
    ];
  });
}

const place = (text: string): string => (text === "" ? "" : codeSpan(text));

function projectsPart(report: Report): string {
  return markdownTable(
    [
      { title: "Project", cell: (item) => codeSpan(`${item.entity}/${item.project}`) },
      { title: "Runs", cell: (item) => grouped(item.runs) },
      { title: "States", cell: (item) => escapeMarkdown(tallied(item.states)) },
      { title: "History rows", cell: (item) => grouped(item.history_rows) },
      { title: "To decide", cell: (item) => grouped(item.new_paths) },
    ],
    report.projects,
  );
}

function reasonsPart(report: Report): string {
  return markdownTable(
    [
      { title: "Reason", cell: (item) => codeSpan(item.reason) },
      { title: "Paths", cell: (item) => grouped(item.paths) },
      { title: "What it means", cell: (item) => escapeMarkdown(item.says) },
    ],
    report.reasons,
  );
}

function columnTable(columns: readonly ColumnEntry[]): string {
  return markdownTable(
    [
      { title: "Column", cell: (item) => codeSpan(item.column) },
      { title: "Type", cell: (item) => codeSpan(item.type) },
      {
        title: "Filled",
        cell: (item) => {
          const least = item.filled_at_least ? "at least " : "";
          return `${least}${grouped(item.filled)} of ${grouped(item.rows)} (${percent(item.filled, item.rows)})`;
        },
      },
      { title: "Nulls", cell: (item) => (item.nulls === 0 ? "" : grouped(item.nulls)), optional: true },
      {
        title: "Misfits",
        cell: (item) =>
          item.misfits === 0
            ? ""
            : `${item.misfits_at_most ? "up to " : ""}${grouped(item.misfits)}: ${tallied(item.misfit_types)}`,
        optional: true,
      },
      { title: "From", cell: (item) => (item.blob === undefined ? "" : codeSpan(`${item.blob}${item.path ?? ""}`)) },
    ],
    columns,
  );
}

function columnsPart(columns: readonly ColumnEntry[]): string[] {
  const tables = [...new Set(columns.map((column) => column.table))];
  return tables.flatMap((table) => [
    `### ${escapeMarkdown(table)}`,
    columnTable(columns.filter((column) => column.table === table)),
  ]);
}

/** A run without the project that all runs of the report are in. */
function runCell(run: string | undefined, report: Report): string {
  const [only, ...others] = report.projects;
  const project = only === undefined || others.length > 0 ? "" : `${projectText(only)}/`;
  return place(run === undefined ? "" : run.startsWith(project) ? run.slice(project.length) : run);
}

function pathTable(paths: readonly PathEntry[], report: Report): string {
  return markdownTable(
    [
      { title: "Path", cell: (item) => codeSpan(item.path) },
      {
        title: "Decision",
        cell: (item) =>
          item.column === undefined
            ? `no column: ${item.reason ?? ""}${item.detail === undefined ? "" : ` (${escapeMarkdown(item.detail)})`}`
            : codeSpan(`${item.table ?? ""}.${item.column}`),
      },
      { title: "Proposal", cell: (item) => escapeMarkdown(item.proposal ?? ""), optional: true },
      { title: "Types", cell: (item) => tallied(item.types) },
      { title: "Runs", cell: (item) => grouped(item.runs) },
      { title: "Example", cell: (item) => (item.example === undefined ? "" : codeSpan(item.example)), optional: true },
      { title: "First run", cell: (item) => runCell(item.first_run, report) },
      { title: "Last run", cell: (item) => runCell(item.last_run, report) },
    ],
    paths,
  );
}

function pathsPart(report: Report): string[] {
  const { paths } = report;
  const blobs = [...new Set(paths.map((entry) => entry.blob))];
  return blobs.flatMap((blob) => [
    `### ${escapeMarkdown(blob)}`,
    pathTable(
      paths.filter((entry) => entry.blob === blob),
      report,
    ),
  ]);
}

/** The report as Markdown (GitHub's): everything that `report.json` has, in the order in which one reads it. */
export function reportMarkdown(report: Report): string {
  const { totals } = report;
  const parts = [
    "# Report",
    `**${headline(report)}.** ${grouped(totals.paths)} paths seen: ${grouped(totals.promoted)} in columns, ${grouped(totals.serialized)} kept as JSON in the residual.`,
    ...chapter("Problems", findingsPart(report.findings)),
    ...chapter("Projects", [projectsPart(report)]),
    ...chapter("Why paths are no columns", [reasonsPart(report)]),
    ...chapter("Columns", columnsPart(report.columns)),
    ...chapter("Paths", pathsPart(report)),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

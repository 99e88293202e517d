import type { Finding } from "../finding.js";
import { findingLines } from "../output/findings.js";
import { aligned, byteSize, counted, grouped, ink, printable, type TextStyle } from "../output/layout.js";
import { importSources } from "../pipelines/import.js";
import { openRaw } from "../pipelines/project.js";
import { recogniseSources } from "../pipelines/recognise.js";
import { type ImportResult, importResult, type SourcesResult, sourcesResult } from "../pipelines/results.js";
import type { SourcePath } from "../pipelines/source-paths.js";
import { groupFindings } from "../report/report.js";
import { STDIN } from "../sources/json-lines/import.js";
import { type CommandRun, type Context, exitCodeOf, isSet, printResult } from "./context.js";

const problemLines = (findings: readonly Finding[], style: TextStyle): string[] =>
  findings.length === 0 ? [] : ["", ...findingLines(groupFindings(findings), style)];

function sourceRows(result: Pick<SourcesResult, "sources">): string[] {
  return aligned(
    result.sources.map(({ path, description, bytes }) => [
      `  ${printable(path)}`,
      description,
      path === STDIN ? "" : byteSize(bytes),
    ]),
  );
}

/** The paths of the command line, with what its options say of them. */
export const givenPaths = ({ positionals, settings }: Context): SourcePath[] =>
  positionals.map((path) => ({ ...settings.jsonLines, path }));

/** What would be imported; nothing is written. Gives the exit code. */
export async function printSources(context: Context, paths: readonly SourcePath[]): Promise<number> {
  const { sources, findings } = await recogniseSources(paths, context.effects);
  await printResult(context, sourcesResult(sources, findings), (style) => {
    const lines = [ink(style, "bold", "Would be imported:"), ...sourceRows({ sources: [...sources] })];
    return `${[...lines, ...problemLines(findings, style)].join("\n")}\n`;
  });
  return exitCodeOf(findings, context.settings.failOn);
}

function importText(result: ImportResult, findings: readonly Finding[], style: TextStyle): string {
  const replaced = result.logs_replaced > 0 ? ` (${grouped(result.logs_replaced)} changed)` : "";
  const lines = [
    ink(
      style,
      "bold",
      `${counted(result.logs_added, "log")} imported${replaced}, ${grouped(result.logs_unchanged)} unchanged`,
    ),
    `The raw store has ${counted(result.runs, "run")} now.`,
    ...problemLines(findings, style),
  ];
  return `${lines.join("\n")}\n`;
}

/** `import`: local sources to the raw store. */
export const importCommand: CommandRun = async (context) => {
  const { settings, effects, progress } = context;
  if (isSet(context, "dry-run")) return printSources(context, givenPaths(context));
  const recognised = await recogniseSources(givenPaths(context), effects);
  const store = await openRaw(settings.project, effects, settings.limits);
  const summary = await importSources(store, { ...settings, sources: recognised.sources, progress }, effects);
  const findings = [...recognised.findings, ...summary.findings];
  const result = importResult(recognised.sources, summary, store.runs().length, findings);
  await printResult(context, result, (style) => importText(result, findings, style));
  return exitCodeOf(findings, settings.failOn);
};

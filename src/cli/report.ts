import { jsonText } from "../output/json.js";
import { reportMarkdown } from "../output/markdown.js";
import { reportText } from "../output/text.js";
import { needRaw, planProject } from "../pipelines/project.js";
import { type MadeReport, makeReport } from "../pipelines/report.js";
import { type CommandRun, type Context, exitCodeOf, isSet, outStyle, textOption } from "./context.js";

/** The report of a project as it stands. @throws StoreError when nothing was imported yet. */
export async function projectReport({
  settings,
  effects,
}: Context): Promise<MadeReport & { plan: import("../plan/plan.js").Plan }> {
  const store = await needRaw(settings.project, effects, settings.limits);
  const planned = await planProject(settings.project, effects, settings.naming);
  return { ...(await makeReport(store, planned, settings, effects)), plan: planned.plan };
}

const FORMATS: Readonly<Record<string, (made: MadeReport, context: Context) => string>> = {
  text: ({ report }, context) => reportText(report, outStyle(context)),
  json: ({ report }) => jsonText(report),
  md: ({ report }) => reportMarkdown(report),
};

/** `report`: what became of every path. */
export const reportCommand: CommandRun = async (context) => {
  const made = await projectReport(context);
  const format = isSet(context, "json") ? "json" : (textOption(context, "format") ?? "text");
  await context.effects.out.write(FORMATS[format]?.(made, context) ?? "");
  return exitCodeOf(made.findings, context.settings.failOn);
};

import { explainText } from "../output/explain-text.js";
import { explainResult } from "../pipelines/results.js";
import { explain } from "../report/explain.js";
import { type CommandRun, printResult } from "./context.js";
import { projectReport } from "./report.js";

const NOTHING_FOUND = 1;

/** `explain`: where a column comes from, or why a path is none. Exits with 1 when nothing of that name is known. */
export const explainCommand: CommandRun = async (context) => {
  const { plan, report } = await projectReport(context);
  const explanation = explain(plan, report, context.positionals[0] ?? "");
  await printResult(context, explainResult(explanation), (style) => explainText(explanation, style));
  return explanation.answers.length > 0 ? 0 : NOTHING_FOUND;
};

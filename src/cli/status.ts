import { statusText } from "../output/status-text.js";
import { planProject, readRaw } from "../pipelines/project.js";
import { readRunFacts, withSession } from "../pipelines/run-records.js";
import { emptyProfile } from "../profile/merge.js";
import { buildStatus } from "../report/status.js";
import { type CommandRun, printResult } from "./context.js";

/** `status`: how each project stands. A folder without data has no projects, which is no error. */
export const statusCommand: CommandRun = async (context) => {
  const { settings, effects } = context;
  const { plan } = await planProject(settings.project, effects, settings.naming);
  const store = await readRaw(settings.project, effects, settings.limits);
  const runs =
    store === undefined
      ? []
      : await withSession(effects, settings.limits, (session) => readRunFacts(session, store, true));
  const profile = store === undefined ? emptyProfile() : await store.profile();
  const status = buildStatus(runs, plan, profile, settings.thresholds);
  await printResult(context, status, (style) => statusText(status, style));
  return 0;
};

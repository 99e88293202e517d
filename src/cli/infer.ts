import { inferText } from "../output/infer-text.js";
import { generateIfNew } from "../pipelines/generate.js";
import { proposeFrom, writeProposal } from "../pipelines/infer.js";
import { needRaw, planProject } from "../pipelines/project.js";
import { inferResult } from "../pipelines/results.js";
import { type CommandRun, isSet, printResult } from "./context.js";

/** `infer`: proposes schemas for what no schema declares; with --write merges them and makes generated/ anew. */
export const inferCommand: CommandRun = async (context) => {
  const { settings, effects } = context;
  const store = await needRaw(settings.project, effects, settings.limits);
  const planned = await planProject(settings.project, effects, settings.naming);
  const proposal = await proposeFrom(store, planned, settings, effects);
  const write = isSet(context, "write");
  if (write && proposal.applied.files.size > 0) {
    await writeProposal(proposal, settings.project, effects);
    await generateIfNew(proposal.planned, settings.project, effects);
  }
  await printResult(context, inferResult(proposal, write), (style) =>
    inferText(proposal.patch, proposal.applied, write, style),
  );
  return 0;
};

import { byteSize, counted, grouped, ink, type TextStyle } from "../output/layout.js";
import { gcProject } from "../pipelines/gc.js";
import { type GcResult, gcResult } from "../pipelines/upkeep-results.js";
import { type CommandRun, isSet, printResult } from "./context.js";

function folderLine({ folder, before, after }: GcResult["folders"][number]): string {
  const files = before.files - after.files;
  const freed = before.bytes - after.bytes;
  if (files === 0 && freed === 0) return `  ${folder}: nothing to remove, ${byteSize(after.bytes)}`;
  const gone = files > 0 ? `, ${counted(files, "file")} fewer` : "";
  return `  ${folder}: ${byteSize(before.bytes)} before, ${byteSize(after.bytes)} now${gone}`;
}

function gcText(result: GcResult, style: TextStyle): string {
  const { dry_run, rows, segments_before: before, segments_after: after } = result;
  const verb = dry_run ? "Would drop" : "Dropped";
  const merged = before === after ? `${grouped(after)} stay` : `${grouped(before)} become ${grouped(after)}`;
  const lines = [
    ink(style, "bold", `${verb} ${counted(rows, "superseded row")}; segments: ${merged}`),
    ...result.folders.map(folderLine),
  ];
  return `${lines.join("\n")}\n`;
}

/** `gc`: drop what is superseded, merge what is small. */
export const gcCommand: CommandRun = async (context) => {
  const { settings, effects } = context;
  const dryRun = isSet(context, "dry-run");
  const outcome = await gcProject(settings.project, { ...settings, dryRun }, effects);
  const result = gcResult(outcome, dryRun);
  await printResult(context, result, (style) => gcText(result, style));
  return 0;
};

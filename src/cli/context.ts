import { type Finding, reaches, type Severity } from "../finding.js";
import { jsonText } from "../output/json.js";
import type { TextStyle } from "../output/layout.js";
import type { Progress } from "../pipelines/environment.js";
import type { Effects, Output } from "./effects.js";
import type { OptionName } from "./options.js";
import type { Settings } from "./settings.js";
import { shellWord } from "./shell.js";
import type { OptionValues } from "./variables.js";

/** What a command is given. */
export interface Context {
  readonly effects: Effects;
  readonly settings: Settings;
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  /** Shows how far a step is, on stderr. */
  readonly progress: Progress;
  /** A line on stderr, unless --quiet. */
  remark(text: string): Promise<void>;
}

/** Runs a command and gives its exit code: 0, or 1 when findings reach --fail-on. Whatever stops it is thrown. */
export type CommandRun = (context: Context) => Promise<number>;

export const isSet = ({ options }: Context, name: OptionName): boolean => options.has(name);

/** The text given to an option; undefined when it was not given. */
export function textOption({ options }: Context, name: OptionName): string | undefined {
  const value = options.get(name);
  return value === true ? undefined : value;
}

/** How texts look on an output: colours on a terminal without NO_COLOR (https://no-color.org). */
export function styleOf(output: Output, variables: Effects["variables"]): TextStyle {
  const noColor = (variables["NO_COLOR"] ?? "") !== "" || variables["TERM"] === "dumb";
  return { width: Math.max(40, Math.min(output.columns, 120)), color: output.isTerminal && !noColor };
}

/** ` --project DIR` for commands that are to be run for the same folder; empty for the current one. */
export function projectFlag({ settings }: Context): string {
  return settings.project.root === "." ? "" : ` --project ${shellWord(settings.project.root)}`;
}

/** The style of stdout. */
export const outStyle = (context: Context): TextStyle => ({
  ...styleOf(context.effects.out, context.effects.variables),
  flag: projectFlag(context),
});

/** Prints a result: the value as JSON with --json, else its text. */
export async function printResult(context: Context, value: unknown, text: (style: TextStyle) => string): Promise<void> {
  const { out } = context.effects;
  await out.write(isSet(context, "json") ? jsonText(value) : text(outStyle(context)));
}

/** 1 when a finding is at or above the threshold, else 0. */
export function exitCodeOf(findings: readonly Finding[], failOn: Severity | "never"): number {
  return findings.some((item) => reaches(item, failOn)) ? 1 : 0;
}

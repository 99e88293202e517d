import type { Effects } from "./effects.js";
import { OPTION_TABLE, type OptionName } from "./options.js";

/** Options as they were given: `true` for a flag. */
export type OptionValues = ReadonlyMap<OptionName, string | true>;

/** `--on-new` to `WANDB_COLUMNS_ON_NEW`. */
function variableName(name: OptionName): string {
  return `WANDB_COLUMNS_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The text of an option or of its variable; an empty variable is none. */
export function settingText(
  name: OptionName,
  options: OptionValues,
  variables: Effects["variables"],
): string | undefined {
  const given = options.get(name);
  if (given !== undefined) return given === true ? "true" : given;
  if (OPTION_TABLE.get(name)?.environment !== true) return undefined;
  return variables[variableName(name)] || undefined;
}

/** What a setting is called where its text comes from: the option, its variable, or wandb-columns.json. */
export function settingOrigin(name: OptionName, options: OptionValues, variables: Effects["variables"]): string {
  if (options.has(name)) return `--${name}`;
  if (settingText(name, options, variables) !== undefined) return variableName(name);
  return `"${name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())}" in wandb-columns.json`;
}

/** Whether a flag is set; its variable counts as set unless it is empty, 0, false or no. */
export function settingFlag(name: OptionName, options: OptionValues, variables: Effects["variables"]): boolean {
  return !["", "0", "false", "no"].includes((settingText(name, options, variables) ?? "").toLowerCase());
}

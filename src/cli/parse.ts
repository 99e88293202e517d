import { CliError } from "../errors.js";
import { nearestWord } from "../schema/nearest.js";
import { COMMANDS, type Command } from "./commands.js";
import { COMMON_OPTIONS, OPTION_TABLE, type Option, type OptionName } from "./options.js";
import { type OptionToken, tokensOf } from "./tokens.js";

/** A command line, taken apart and checked. Values are the text as it was typed. */
export interface CommandLine {
  /** Undefined when none was given. */
  readonly command: Command | undefined;
  readonly positionals: readonly string[];
  /** `true` for a flag. Of an option given twice the last one counts. */
  readonly options: ReadonlyMap<OptionName, string | true>;
}

function usage(code: string, message: string, next: string): CliError {
  return new CliError(`usage/${code}`, message, { next });
}

const helpOf = (command: Command | undefined): string =>
  `Run \`wandb-columns ${command === undefined ? "" : `${command.name} `}--help\`.`;

function didYouMean(word: string, known: readonly string[], show: (word: string) => string): string {
  const near = nearestWord(word, known);
  return near === undefined ? "" : ` Did you mean ${show(near)}?`;
}

function commandOf(name: string | undefined): Command | undefined {
  if (name === undefined) return undefined;
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  const known = COMMANDS.map((command) => command.name);
  const near = didYouMean(name, known, (word) => `"${word}"`);
  throw usage("unknown-command", `There is no command "${name}".${near}`, "Run `wandb-columns --help` for the list.");
}

function unknownOption(typed: string, command: Command | undefined): CliError {
  const known = [...(command?.options ?? []), ...COMMON_OPTIONS];
  const near = didYouMean(typed.replace(/^-+/, ""), known, (word) => `--${word}`);
  const place = command === undefined ? "" : ` of ${command.name}`;
  return usage("unknown-option", `There is no option ${typed}${place}.${near}`, helpOf(command));
}

function checkAccepted(name: OptionName, typed: string, command: Command | undefined): void {
  if (COMMON_OPTIONS.includes(name) || command === undefined || command.options.includes(name)) return;
  const others = COMMANDS.filter((other) => other.options.includes(name)).map((other) => other.name);
  const place = others.length === 0 ? "" : `; it belongs to ${others.join(", ")}`;
  throw usage("unknown-option", `${typed} is not an option of ${command.name}${place}.`, helpOf(command));
}

function givenValue(token: OptionToken, option: Option, command: Command | undefined): string | true {
  const { typed: rawName, value } = token;
  if (option.value === undefined) {
    if (value === undefined) return true;
    throw usage("flag-with-value", `${rawName} takes no value, found "${value}".`, helpOf(command));
  }
  if (value === undefined) {
    const next = `Write \`${rawName} ${option.value}\`, or \`${rawName}=${option.value}\` for a value that starts with a dash.`;
    throw usage("missing-value", `${rawName} needs a value (${option.value}), found nothing.`, next);
  }
  if (option.choices !== undefined && !option.choices.includes(value)) {
    const near = didYouMean(value, option.choices, (word) => `"${word}"`);
    throw usage(
      "bad-value",
      `${rawName} is one of ${option.choices.join(", ")}, found "${value}".${near}`,
      helpOf(command),
    );
  }
  return value;
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const { least, most } = command.positionals;
  if (positionals.length < least) {
    throw usage("missing-argument", `${command.name} needs ${command.arguments}, found nothing.`, helpOf(command));
  }
  if (positionals.length <= most) return;
  const extra = positionals[most] ?? "";
  const wants = most === 0 ? "no argument" : command.arguments;
  throw usage("extra-argument", `${command.name} takes ${wants}, found also "${extra}".`, helpOf(command));
}

const isOptionName = (name: string): name is OptionName => OPTION_TABLE.has(name as OptionName);

/**
 * Takes a command line apart. Values stay text: a run id such as `01234567` is not a number.
 * `help NAME` is `NAME --help`.
 * @param argv the arguments after the program's name.
 * @throws CliError `usage/…` with exit code 2 and, where one is near, the word that was meant.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const tokens = tokensOf(argv, OPTION_TABLE);
  const words = [...tokens.words];
  const asksHelp = words[0] === "help";
  if (asksHelp) words.shift();
  const command = commandOf(words.shift());
  const options = new Map<OptionName, string | true>(asksHelp ? [["help", true]] : []);
  for (const token of tokens.options) {
    if (!isOptionName(token.name)) throw unknownOption(token.typed, command);
    checkAccepted(token.name, token.typed, command);
    options.set(token.name, givenValue(token, OPTION_TABLE.get(token.name) ?? { help: "" }, command));
  }
  const onlyAsks = options.has("help") || options.has("version");
  if (command !== undefined && !onlyAsks) checkCount(command, words);
  return { command, positionals: words, options };
}

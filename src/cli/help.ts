import { COMMANDS, type Command } from "./commands.js";
import { COMMON_OPTIONS, OPTION_TABLE, type OptionName } from "./options.js";

const WIDTH = 80;

/** Words of a text in lines of at most `width` characters; a longer word stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function optionLabel(name: OptionName): string {
  const option = OPTION_TABLE.get(name);
  const short = option?.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${name}${option?.value === undefined ? "" : ` ${option.value}`}`;
}

/** Two columns: labels, and their texts wrapped beside them. */
function table(rows: readonly (readonly [label: string, text: string])[]): string {
  const indent = Math.max(...rows.map(([label]) => label.length)) + 4;
  return rows
    .map(([label, text]) => `  ${label}`.padEnd(indent) + wrap(text, WIDTH - indent).join(`\n${" ".repeat(indent)}`))
    .join("\n");
}

const optionTable = (names: readonly OptionName[]): string =>
  table(names.map((name) => [optionLabel(name), OPTION_TABLE.get(name)?.help ?? ""]));

function examples(lines: Command["examples"]): string {
  return lines.map(([line, says]) => `  $ ${line}\n      ${says}`).join("\n");
}

const EXIT_CODES = table([
  ["0", "done, and no finding at or above --fail-on"],
  ["1", "done, with findings at or above it; or --check found a difference"],
  ["2", "nothing could be produced: bad usage, no readable input, disk"],
  ["130", "interrupted by Ctrl-C; the last good state is kept"],
]);

/** The help of the whole program, at most 80 columns wide. */
export function programHelp(): string {
  return `wandb-columns turns Weights & Biases data into typed, documented, stable columns,
and loses nothing.

Usage: wandb-columns COMMAND [options]

Commands:
${table(COMMANDS.map((command) => [command.name, command.summary]))}

Options of every command:
${optionTable(COMMON_OPTIONS)}

Start here:
${examples([
  ["wandb-columns sync ./wandb --project analysis", "local W&B runs to tables in analysis/tables"],
  ["wandb-columns report --project analysis", "what became of every path"],
])}

Exit codes:
${EXIT_CODES}

Settings come from options, then from WANDB_COLUMNS_<OPTION> (such as
WANDB_COLUMNS_MEMORY), then from wandb-columns.json in the project folder.
Results go to stdout, progress and remarks to stderr. NO_COLOR is respected.
\`wandb-columns COMMAND --help\` tells more.
`;
}

/** The help of one command, at most 80 columns wide where words allow it. */
export function commandHelp(command: Command): string {
  const usage = ["wandb-columns", command.name, command.arguments, "[options]"].filter((part) => part !== "").join(" ");
  const own = command.options.length === 0 ? "" : `Options:\n${optionTable(command.options)}\n\n`;
  return `${usage}

${command.description.map((text) => wrap(text, WIDTH).join("\n")).join("\n\n")}

${own}Options of every command:
${optionTable(COMMON_OPTIONS)}

Examples:
${examples(command.examples)}
`;
}

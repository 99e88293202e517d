import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type Block, sectionsOf } from "./document.js";
import { asked } from "./sql.js";
import { inWorkspace } from "./workspace.js";

/** One command of a console block and what the document shows of its output. */
interface Step {
  readonly command: string;
  readonly shown: string;
}

/** Commands begin with `$ `; lines that begin with `> ` go on. */
function stepsOf({ text }: Block): Step[] {
  const steps: { command: string[]; shown: string[] }[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const step = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ command: [line.slice(2)], shown: [] });
    else if (step === undefined) throw new Error(`A console block begins with a command: ${line}`);
    else if (line.startsWith("> ") && step.shown.length === 0) step.command.push(line.slice(2));
    else step.shown.push(line);
  }
  return steps.map(({ command, shown }) => ({ command: command.join("\n"), shown: shown.join("\n") }));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What is shown as a pattern: `…` on a line of its own stands for any lines, elsewhere for any text of its line. */
export function patternOf(shown: string): RegExp {
  const lines = shown
    .split("\n")
    .map((line) => (line === "…" ? "(?:.*\n)*" : `${line.split("…").map(escaped).join(".*")}\n`));
  return new RegExp(`^${lines.join("")}$`);
}

const plain = (text: string): string => `${text.replaceAll(/[ \t]+$/gm, "").trimEnd()}\n`;

/** Separates the outputs of commands: no output has it. */
const MARK = "\u001e";

/** Runs the commands of a block in one shell; gives what each printed, and its errors when it failed. */
async function outputsOf(folder: string, steps: readonly Step[]): Promise<string[]> {
  const errors = join(folder, ".stderr");
  const script = steps.map(
    ({ command }) =>
      `{ ${command}\n} 2>"${errors}"; status=$?; [ $status -eq 0 ] || cat "${errors}"; printf '${MARK}'; (exit $status)`,
  );
  const { out } = await inWorkspace(folder, "/bin/bash", ["-c", script.join("\n")]);
  return out.split(MARK).slice(0, -1);
}

/**
 * Does what a document tells in the order in which it stands: writes the files that it shows, runs its commands, asks its
 * queries. Expects every command to print what is shown below it (nothing shown is nothing printed), and every query to
 * give the table of its section. @returns how many commands there were.
 */
export async function followDocument(file: string, folder: string): Promise<number> {
  let commands = 0;
  const all = sectionsOf(file).flatMap(({ blocks, table }) => blocks.map((block) => ({ ...block, table })));
  for (const block of all) {
    if (block.file !== undefined) {
      await mkdir(dirname(join(folder, block.file)), { recursive: true });
      await writeFile(join(folder, block.file), block.text);
    }
    if (block.language === "sql") expect(await asked(folder, block.text)).toEqual(block.table);
    if (block.language !== "console") continue;
    const steps = stepsOf(block);
    const outputs = await outputsOf(folder, steps);
    for (const [i, { command, shown }] of steps.entries()) {
      const got = plain(outputs[i] ?? "(it did not run)");
      const place = `${file}:${block.line} $ ${command}`;
      if (!patternOf(shown).test(got) && plain(shown) !== got) expect(`${place}\n${got}`).toBe(`${place}\n${shown}\n`);
      commands += 1;
    }
  }
  return commands;
}

import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { commandHelp, programHelp } from "../../src/cli/help.js";
import { parseCommandLine } from "../../src/cli/parse.js";
import { run } from "./cli.js";

const width = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

describe("the help", () => {
  test("of the program", async () => {
    const { code, out, err } = await run(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    await expect(out).toMatchFileSnapshot("help/program.txt");
    expect(width(out)).toBeLessThanOrEqual(81);
  });

  test("is what a call without arguments prints", async () => {
    expect(await run([])).toEqual({ code: 0, out: programHelp(), err: "" });
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))("of %s", async (name, command) => {
    const text = commandHelp(command);
    await expect(text).toMatchFileSnapshot(`help/${name}.txt`);
    expect(width(text)).toBeLessThanOrEqual(80);
    expect(command.examples.length).toBeGreaterThan(0);
  });

  test("of a command by help NAME", async () => {
    const [byHelp, byOption] = [await run(["help", "sync"]), await run(["sync", "--help"])];
    expect(byHelp).toEqual(byOption);
    expect(byHelp.code).toBe(0);
  });

  test("has only examples that parse", () => {
    for (const { name, examples } of COMMANDS) {
      for (const [line] of examples) {
        const [program, ...args] = line.split(/ [|>] /)[0]?.split(" ") ?? [];
        expect(program).toBe("wandb-columns");
        expect(parseCommandLine(args).command?.name).toBe(name);
      }
    }
  });

  test("loads every command that it names", async () => {
    for (const command of COMMANDS) expect(await command.load()).toBeTypeOf("function");
  });
});

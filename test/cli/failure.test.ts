import { expect, test } from "vitest";
import { failureOf } from "../../src/cli/failure.js";
import { CliError, memoryError, SchemaError } from "../../src/errors.js";

const system = (code: string, syscall: string, path: string) =>
  Object.assign(new Error(`${code}: raw text`), { code, syscall, path });

test("an error of ours says what, where and the next step, without a stack", () => {
  const error = new SchemaError("schema/keyword", "There is no keyword x.", {
    where: { file: "schemas/a.schema.json", line: 3, column: 5 },
    next: "Remove it.",
  });
  expect(failureOf(error, false, false)).toEqual({
    exitCode: 2,
    text: "error: There is no keyword x. [schema/keyword]\n  where: schemas/a.schema.json:3:5\n  next:  Remove it.\n",
  });
});

test("an error of the command line has its own exit code", () => {
  expect(failureOf(new CliError("usage/x", "No.", { exitCode: 1 }), false, false).exitCode).toBe(1);
});

test("an error of the system is told in words", () => {
  const { exitCode, text } = failureOf(system("ENOSPC", "write", "/p/raw/x"), false, false);
  expect(exitCode).toBe(2);
  expect(text).toMatch(
    /^error: Cannot write \/p\/raw\/x: no space is left on the disk \(ENOSPC\)\.\n {2}next: {2}Free/,
  );
  expect(text).not.toContain("raw text");
});

test("anything else is unexpected, and --debug shows stack and cause", () => {
  const error = new TypeError("x is not a function", { cause: new Error("below") });
  const { exitCode, text } = failureOf(error, false, false);
  expect(exitCode).toBe(2);
  expect(text).toBe(
    "Unexpected error: x is not a function\n  next:  Run the command again with --debug, and report what it shows.\n",
  );
  expect(failureOf(error, true, false).text).toMatch(/at .*failure\.test[\s\S]*Caused by: Error: below/);
});

test("names with control characters are written as JSON escapes, also in a stack", () => {
  const error = new SchemaError("schema/json", "a\u001b[31m\u202e b\nsecond line", { where: { file: "x\u0085.json" } });
  const { text } = failureOf(error, false, false);
  expect(text).toBe("error: a\\u001b[31m\\u202e b\nsecond line [schema/json]\n  where: x\\u0085.json\n");
  expect(failureOf(error, true, false).text).not.toMatch(/[^\n\P{Cc}]|\p{Bidi_Control}/u);
});

test("an appender of DuckDB that lacks memory is an error of memory", () => {
  const said = "Failed to append: failed to allocate data of size 32.0 KiB (95.3 MiB/95.3 MiB used)";
  expect(memoryError(new Error(said))?.code).toBe("engine/memory");
  expect(memoryError(new Error("Failed to append: a NOT NULL constraint failed"))).toBeUndefined();
});

test("what is no Error is told too", () => {
  expect(failureOf("boom", false, false).text).toMatch(/^Unexpected error: boom/);
});

test("after Ctrl-C whatever is thrown is an interruption", () => {
  for (const [error, interrupted] of [
    [new DOMException("aborted", "AbortError"), false],
    [new Error("the engine was closed"), true],
  ] as const) {
    const failure = failureOf(error, false, interrupted);
    expect(failure.exitCode).toBe(130);
    expect(failure.text).toMatch(/^Interrupted/);
  }
});

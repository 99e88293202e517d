import { expect, test } from "vitest";
import type { Output } from "../../src/cli/effects.js";
import { ProgressMeter, progressLine } from "../../src/cli/progress.js";

function recording(isTerminal: boolean): Output & { text: string } {
  const output = {
    text: "",
    isTerminal,
    columns: 80,
    write: async (text: string) => {
      output.text += text;
    },
  };
  return output;
}

/** A clock that goes on by so many milliseconds with each reading. */
function clock(step: number): () => Date {
  let at = 0;
  return () => {
    at += step;
    return new Date(at);
  };
}

const half = { step: "import", unit: "bytes", done: 50e6, total: 100e6, seconds: 10 } as const;

test("a bar has amount, rate and remaining time", () => {
  expect(progressLine(half, true)).toBe(
    "import  [============            ]  50 %  50 MB of 100 MB  5.0 MB/s  10 s left",
  );
});

test("a line has no bar", () => {
  expect(progressLine({ ...half, unit: "parts", done: 2, total: 300, seconds: 1 }, false)).toBe(
    "import  0 %  2 of 300 parts  2 min 29 s left",
  );
});

test("without a total there is neither share nor remaining time", () => {
  expect(progressLine({ ...half, total: undefined }, true)).toBe("import  50 MB  5.0 MB/s");
});

test("more than the total is not more than all", () => {
  expect(progressLine({ ...half, done: 200e6 }, true)).toContain("100 %");
});

test("a terminal gets one line that is redrawn and taken away", () => {
  const err = recording(true);
  const meter = new ProgressMeter(err, clock(60), false);
  for (let done = 1; done <= 10; done++) meter.report("export", "parts", done, 10);
  meter.clear();
  expect(err.text.match(/\r/g)?.length).toBe(5);
  expect(err.text).not.toContain("\n");
  expect(err.text.endsWith("\r\u001b[K")).toBe(true);
});

test("anything else gets a line every five seconds at most", () => {
  const err = recording(false);
  const meter = new ProgressMeter(err, clock(1000), false);
  for (let done = 1; done <= 21; done++) meter.report("export", "parts", done, 100);
  meter.clear();
  expect(err.text.split("\n").length - 1).toBe(4);
  for (const control of ["\r", "\u001b"]) expect(err.text).not.toContain(control);
});

test("--quiet shows nothing", () => {
  const err = recording(true);
  const meter = new ProgressMeter(err, clock(10_000), true);
  for (let done = 1; done <= 10; done++) meter.report("export", "parts", done, 10);
  meter.clear();
  expect(err.text).toBe("");
});

import { describe, expect, it } from "vitest";
import { FINDING_CODES, finding } from "../../src/finding.js";
import { inferText } from "../../src/output/infer-text.js";
import { jsonText } from "../../src/output/json.js";
import { PLAIN_TEXT } from "../../src/output/layout.js";
import { reportMarkdown } from "../../src/output/markdown.js";
import { statusText } from "../../src/output/status-text.js";
import { reportText, shellPath } from "../../src/output/text.js";
import { infer } from "../../src/profile/infer.js";
import { applyPatch } from "../../src/profile/infer-apply.js";
import { declaredPaths } from "../../src/profile/infer-declared.js";
import { DEFAULT_THRESHOLDS } from "../../src/profile/infer-rules.js";
import { buildStatus } from "../../src/report/status.js";
import { data, plan, profile, report } from "../report/small-report.js";

const patch = infer(profile, declaredPaths(plan), DEFAULT_THRESHOLDS);
const text = reportText(report, PLAIN_TEXT);

describe("the small report", () => {
  it("as text", async () => {
    await expect(text).toMatchFileSnapshot("../cases/report/report.txt");
  });
  it("as Markdown", async () => {
    await expect(reportMarkdown(report)).toMatchFileSnapshot("../cases/report/report.md");
  });
  it("as JSON", async () => {
    await expect(jsonText(report)).toMatchFileSnapshot("../cases/report/report.json");
  });
  it("status as text", async () => {
    await expect(statusText(buildStatus(data.runs, plan, profile), PLAIN_TEXT)).toMatchFileSnapshot(
      "../cases/report/status.txt",
    );
  });
  it("inference as text", async () => {
    await expect(inferText(patch, applyPatch(new Map(), patch), false, PLAIN_TEXT)).toMatchFileSnapshot(
      "../cases/report/infer.txt",
    );
  });
});

describe("Markdown of very many findings", () => {
  it("lists a hundred of a code, and says how many there are", () => {
    const findings = Array.from({ length: 130 }, (_, i) => finding("source/partial", `odd thing ${i}`));
    const { says, severity } = FINDING_CODES["source/partial"];
    const group = { code: "source/partial" as const, severity, says, count: 130, findings };
    const many = reportMarkdown({ ...report, findings: [group] });
    expect(many.match(/odd thing \d+/g)?.length).toBe(100);
    expect(many).toContain("… and 30 more, which report.json has.");
  });
});

describe("text for a terminal", () => {
  it("leads with what one must know", () => {
    expect(text.split("\n")[0]).toBe(
      "3 runs, 100 columns, 1 family, 5 paths to decide".replace("100", String(report.totals.columns)),
    );
  });
  it("fits 80 columns", () => {
    for (const line of text.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(80);
  });
  it("has colours only if asked, and the same words then", () => {
    const colored = reportText(report, { width: 80, color: true });
    expect(text).not.toContain("\u001b");
    expect(colored).toContain("\u001b[31merror\u001b[39m");
    const [first, ...rest] = colored.split("\u001b");
    expect([first, ...rest.map((part) => part.replace(/^\[\d+m/, ""))].join("")).toBe(text);
  });
  it("never lets the data steer the terminal", () => {
    expect(text).toContain('found: {"a":\\u001b[31m');
  });
  it("says what to do when there is nothing yet", () => {
    expect(statusText(buildStatus([], plan, { format: 1, blobs: {} }), PLAIN_TEXT)).toContain("wandb-columns sync");
    expect(
      inferText(
        { properties: new Map(), decisions: [] },
        { files: new Map(), operations: [], kept: [] },
        false,
        PLAIN_TEXT,
      ),
    ).toBe("Every path is decided by a schema; nothing to propose.\n");
  });
});

it.each([
  ["config", "/lr", "config/lr"],
  ["history", "/train~1loss", "'history/train~1loss'"],
  ["config", "/a b", "'config/a b'"],
  ["config", "/it's", "'config/it'\\''s'"],
  ["config", "/$(rm)", "'config/$(rm)'"],
  ["config", "/;x", "'config/;x'"],
])("a shell takes %s%s as %s", (blob, path, want) => {
  expect(shellPath(blob, path)).toBe(want);
});

describe("Markdown", () => {
  const lines = reportMarkdown(report).split("\n");
  it("keeps keys with bars, backticks and tags inside their cell", () => {
    const row = lines.find((line) => line.includes("odd"));
    expect(row).toContain("`/notes\\|odd`");
  });
  it("has the same number of cells in every row of a table", () => {
    const cells = (line: string): number => line.replaceAll("\\|", "").split("|").length;
    lines.forEach((line, i) => {
      if (line.startsWith("|") && lines[i - 1]?.startsWith("|"))
        expect(cells(line), line).toBe(cells(lines[i - 1] ?? ""));
    });
  });
  it("lists every path and every column", () => {
    const rows = lines.filter((line) => line.startsWith("| `/") || line.startsWith("| ` /")).length;
    expect(rows).toBe(report.paths.length);
  });
});

/** docs/troubleshooting.md has every code that the program can print, and none that it cannot. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FINDING_CODES } from "../../src/finding.js";
import { REPOSITORY } from "../cli/cli.js";
import { followDocument } from "./console.js";
import { sectionsOf } from "./document.js";
import { workspace } from "./workspace.js";

const SRC = join(REPOSITORY, "src");
const sources = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file: file.replaceAll("\\", "/"), text: readFileSync(join(SRC, file), "utf8") }));

/** Functions that put a word behind a prefix: the code is not in the source as a whole. */
const PREFIXED: readonly { readonly file: string; readonly call: string; readonly prefix: string }[] = [
  { file: "cli/parse.ts", call: "usage", prefix: "usage" },
  { file: "pipelines/config.ts", call: "wrong", prefix: "config" },
  { file: "explore/open-tables.ts", call: "unknown", prefix: "tables" },
];

const CODE = /^[a-z]+(?:-[a-z]+)*\/[a-z]+(?:-[a-z]+)*$/;

/** Codes that stand in the source as texts, wherever they are given to an error. */
function writtenCodes(): Set<string> {
  const raised = sources.flatMap(({ text }) =>
    [...text.matchAll(/(?:new \w*Error|super)\(\s*"([a-z-]+)\/[a-z-]+"/g)].map((found) => found[1] ?? ""),
  );
  const prefixes = new Set([...raised, ...Object.keys(FINDING_CODES).map((code) => code.split("/")[0])]);
  const literals = sources.flatMap(({ text }) => [...text.matchAll(/"([a-z/-]+)"/g)].map((found) => found[1] ?? ""));
  return new Set(literals.filter((text) => CODE.test(text) && prefixes.has(text.split("/")[0] ?? "")));
}

function prefixedCodes(): string[] {
  return PREFIXED.flatMap(({ file, call, prefix }) => {
    const text = sources.find((source) => source.file === file)?.text ?? "";
    return [...text.matchAll(new RegExp(`\\b${call}\\(\\s*"([a-z-]+)"`, "g"))].map((found) => `${prefix}/${found[1]}`);
  });
}

const tables = sectionsOf("docs/troubleshooting.md").map(({ title, table }) => ({ title, table }));
const documented = tables.flatMap(({ table }) => table.map(([first = ""]) => first)).filter((text) => CODE.test(text));

test("every file that puts codes together is known", () => {
  const found = sources.filter(({ text }) => /Error\(\s*`[a-z-]+\/\$\{/.test(text)).map(({ file }) => file);
  expect(found.sort()).toEqual(PREFIXED.map(({ file }) => file).sort());
});

test("has every code of an error or a finding", () => {
  const codes = new Set([...writtenCodes(), ...prefixedCodes()]);
  expect(codes.size).toBeGreaterThan(80);
  expect([...codes].filter((code) => !documented.includes(code)).sort()).toEqual([]);
  expect(documented.filter((code) => !codes.has(code))).toEqual([]);
});

test("has every finding with its severity", () => {
  const findings = tables.find(({ title }) => title === "Findings")?.table.slice(1) ?? [];
  const want = Object.entries(FINDING_CODES).map(([code, { severity }]) => [code, severity]);
  expect(findings.map(([code, severity]) => [code, severity])).toEqual(want);
});

test("has every error of the system that is explained", () => {
  const text = sources.find(({ file }) => file === "cli/failure.ts")?.text ?? "";
  const codes = [...text.matchAll(/^ {2}(E[A-Z]+): \[/gm)].map((found) => found[1] ?? "");
  const page = readFileSync(join(REPOSITORY, "docs/troubleshooting.md"), "utf8");
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

test("its commands print what it shows", async () => {
  expect(await followDocument("docs/troubleshooting.md", await workspace())).toBeGreaterThan(1);
});

/** Links between the documents lead to files that are there, and to headings that are in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { REPOSITORY } from "../cli/cli.js";

const documents = [
  "README.md",
  "ARCHITECTURE.md",
  ...readdirSync(join(REPOSITORY, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.replaceAll("\\", "/")}`),
];

const read = (file: string): string => readFileSync(join(REPOSITORY, file), "utf8");
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");

/** Anchors as GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test.each(documents)("%s", (file) => {
  const links = [...withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  for (const link of links.filter((target) => !/^[a-z]+:/.test(target))) {
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : relative(REPOSITORY, join(REPOSITORY, dirname(file), path));
    expect([link, existsSync(join(REPOSITORY, target))]).toEqual([link, true]);
    if (anchor !== undefined) expect([link, anchorsOf(target).has(anchor)]).toEqual([link, true]);
  }
});

test("README leads to every document", () => {
  const linked = [...read("README.md").matchAll(/\]\(([^)#]+)/g)].map(([, link = ""]) => link);
  const wanted = documents.filter((file) => /^docs\/(?:guides\/)?[^/]+$/.test(file));
  expect(wanted.filter((file) => !linked.includes(file))).toEqual([]);
});

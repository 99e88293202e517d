/**
 * Holds the files of a packed package to the list of what belongs in it, and tells its size.
 *
 * usage: node scripts/package-contents.mjs PACKAGE.tgz
 */
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const ALLOWED = [
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/bin\/(?:main|[a-z-]+|[a-z-]+-[A-Z0-9]+)\.js$/,
  /^dist\/bin\/LICENSES\.txt$/,
  /^dist\/(?:[a-z0-9_-]+\/)*[a-z0-9_-]+\.(?:js|d\.ts)$/,
  /^generated\/(?:types\/[a-z-]+\.d\.ts|validators\/[a-z-]+\.(?:js|d\.ts))$/,
  /^schemas\/[a-z-]+\.schema\.json$/,
  /^formats\/[a-z-]+\.schema\.json$/,
];
/** Of each place at least this many, so that a package without its parts is found too. */
const NEEDED = { dist: 300, generated: 33, schemas: 11, formats: 14 };

const [tarball] = process.argv.slice(2);
if (tarball === undefined) throw new Error("usage: node scripts/package-contents.mjs PACKAGE.tgz");

const listing = execFileSync("tar", ["-tvzf", tarball], { encoding: "utf8", maxBuffer: 1 << 26 });
const entries = listing
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [, size = "", path = ""] = /^\S+\s+\S+\s+(\d+)\s.*\spackage\/(.+)$/.exec(line) ?? [];
    if (path === "") throw new Error(`tar printed a line that is not understood: ${line}`);
    return { path, size: Number(size) };
  });

const source = (path) => path.replace(/^dist\//, "src/").replace(/(?:\.d\.ts|\.js)$/, ".ts");
const problems = [
  ...entries
    .filter(({ path }) => !ALLOWED.some((rule) => rule.test(path)))
    .map(({ path }) => `${path} is no part of it`),
  ...entries
    .filter(({ path }) => path.startsWith("dist/") && !path.startsWith("dist/bin/") && !existsSync(source(path)))
    .map(({ path }) => `${path} has no source`),
  ...Object.entries(NEEDED).flatMap(([folder, least]) => {
    const count = entries.filter(({ path }) => path.startsWith(`${folder}/`)).length;
    return count >= least ? [] : [`${folder}/ has ${count} files, at least ${least} were expected`];
  }),
];
for (const problem of problems) console.error(`check-package: ${problem}`);

const kB = (bytes) => `${Math.round(bytes / 1000)} kB`;
const unpacked = entries.reduce((sum, { size }) => sum + size, 0);
console.log(`check-package: ${entries.length} files, ${kB(statSync(tarball).size)} packed, ${kB(unpacked)} unpacked`);
process.exitCode = problems.length === 0 ? 0 : 1;

/**
 * Puts the modules of the command line in dist/ and the packages that they use together into few files in dist/bin/,
 * because Node takes half a second to find, read and check those of a command. Commands stay apart, so that each loads its
 * own. The licences of the packages go into a file beside them.
 *
 * usage: node scripts/bundle.mjs, after tsc
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const outdir = "dist/bin";

/** Native code, and the compilers behind generated/, which few commands need. */
const APART = ["@duckdb/node-bindings", "esbuild", "json-schema-to-typescript"];

/** What is said by the files of a package that ships no licence file. */
const APACHE = readFileSync("scripts/licenses/Apache-2.0.txt", "utf8");

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["dist/cli/main.js"],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  external: APART,
  // Some packages are CommonJS and ask for Node's modules when they are loaded.
  banner: {
    js: 'import { createRequire as madeRequire } from "node:module"; const require = madeRequire(import.meta.url);',
  },
  target: "node20.19",
  charset: "utf8",
  legalComments: "none",
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
  metafile: true,
});

/** The folder of the package that a file is from; undefined for our own. */
const packageOf = (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];

/** The comment a file begins with, when it speaks of copyright. */
function headOf(file) {
  const [head] = /^(?:\/\/.*\n)+/.exec(readFileSync(file, "utf8")) ?? [""];
  return head.includes("Copyright") ? head.replaceAll(/^\/\/ ?/gm, "") : undefined;
}

function licenceOf(folder, files) {
  const name = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (name !== undefined) return readFileSync(join(folder, name), "utf8");
  const heads = new Set(files.map(headOf).filter((head) => head !== undefined));
  if (heads.size === 0) throw new Error(`${folder} has no licence file, and none of its files says a word of it`);
  return [...heads, ...([...heads].some((head) => head.includes("Apache License")) ? [APACHE] : [])].join("\n");
}

const bundled = new Map();
for (const output of Object.values(metafile.outputs)) {
  for (const file of Object.keys(output.inputs).filter(existsSync)) {
    const folder = packageOf(file);
    if (folder !== undefined) bundled.set(folder, [...(bundled.get(folder) ?? []), file]);
  }
}
const texts = [...bundled]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([folder, files]) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return `${name} ${version}, ${license}\n\n${licenceOf(folder, files).trim()}\n`;
  });
const head = "The files of this folder contain code of these packages, under their licences.\n";
writeFileSync(join(outdir, "LICENSES.txt"), [head, ...texts].join(`\n${"-".repeat(80)}\n\n`));

/**
 * Puts the modules of the command line in dist/ together into few files in dist/bin/, because Node takes a third of a
 * second to load two hundred. Commands stay apart, so that each loads its own; packages stay packages.
 *
 * usage: node scripts/bundle.mjs, after tsc
 */
import { rmSync } from "node:fs";
import { build } from "esbuild";

const outdir = "dist/bin";
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: ["dist/cli/main.js"],
  outdir,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  packages: "external",
  target: "node20.19",
  charset: "utf8",
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
});

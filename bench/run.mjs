/** Runs every benchmark of this folder: `npm run bench`. Figures are of this machine; trust the ratios. */
import { readdirSync } from "node:fs";

const here = new URL(".", import.meta.url);
for (const file of readdirSync(here)
  .filter((name) => name.endsWith(".mjs") && name !== "run.mjs")
  .sort()) {
  console.log(`\n${file}`);
  await import(new URL(file, here).href);
}

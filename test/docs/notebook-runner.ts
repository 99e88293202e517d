/**
 * A program that runs the cells of `cells.json` in their order as Observable Framework does: the later cells see a cell's
 * top-level names; a promise is awaited before another cell sees it; `npm:` imports a package; `FileAttachment` runs the
 * data loader of that name. It prints what the cells displayed.
 */
export const NOTEBOOK_RUNNER = String.raw`
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as aq from "arquero";
import { parseHTML } from "linkedom";

const { document } = parseHTML("<html><body></body></html>");
globalThis.window = { document };
const Plot = await import("@observablehq/plot");

const FileAttachment = (name) => {
  const bytes = execFileSync(process.execPath, ["src/" + name + ".js"], { maxBuffer: 1 << 28 });
  return { arquero: async () => aq.fromArrow(new Uint8Array(bytes)) };
};

const shown = [];
const display = (value) => {
  if (typeof value.objects === "function") shown.push({ rows: value.objects() });
  else shown.push({ lines: value.querySelectorAll('g[aria-label="line"] path').length });
};

const AsyncFunction = (async () => {}).constructor;
const scope = { Plot, FileAttachment, display };
for (const cell of JSON.parse(readFileSync("cells.json", "utf8"))) {
  const code = cell.replaceAll(/^import \{([^}]*)\} from "npm:([^"]+)";$/gm, 'const {$1} = await import("$2");');
  const declared = [...code.matchAll(/^(?:const|let|function|class) (?:\{([^}]*)\}|(\w+))/gm)];
  const names = declared.flatMap(([, many, one]) => one ?? many.split(",").map((name) => name.trim()));
  const body = code + "\nreturn {" + names.join(",") + "}";
  const value = await new AsyncFunction(...Object.keys(scope), body)(...Object.values(scope));
  for (const name of names) scope[name] = await value[name];
}
process.stdout.write(JSON.stringify(shown));
`;

/** Generated inputs, kept from run to run: a generator runs again when its source or its arguments changed. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

function sources() {
  return ["generate", "shapes"].flatMap((folder) =>
    readdirSync(join(HERE, folder)).map((file) => join(HERE, folder, file)),
  );
}

/** Bytes of a file, or of the files in a folder. */
export function sizeOf(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/**
 * The path of an input, made when it is not there.
 * @param input `{name, generator, args, ending}`; the generator gets `args` and then the path, then `after`.
 */
export function makeInput(folder, { name, generator, args, after = [], ending }) {
  mkdirSync(folder, { recursive: true });
  const hash = createHash("sha256");
  for (const path of sources().sort()) hash.update(readFileSync(path));
  const key = hash
    .update(JSON.stringify([args, after]))
    .digest("hex")
    .slice(0, 8);
  const stem = [name, ...args].join("-").replaceAll(/\W+/g, "-");
  const path = join(folder, `${stem}-${key}${ending}`);
  if (existsSync(path)) return path;
  for (const old of readdirSync(folder).filter((entry) => new RegExp(`^${stem}-[0-9a-f]{8}\\b`).test(entry))) {
    rmSync(join(folder, old), { recursive: true });
  }
  process.stderr.write(`making ${name}: ${generator} ${args.join(" ")}\n`);
  const argv = [join(HERE, "generate", generator), ...args.map(String), path, ...after.map(String)];
  const { status } = spawnSync(process.execPath, argv, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${generator} ${args.join(" ")} failed; is dist/ built?`);
  return path;
}

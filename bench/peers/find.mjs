/** The other tools: which are at hand, and the command that runs one. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const USAGE = new URL("../usage.mjs", import.meta.url).href;
const PACKAGES = ["duckdb", "polars", "pandas", "pyarrow"];
const ASK = `
import json, sys
from importlib.metadata import PackageNotFoundError, version
def found(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({"python": sys.version.split()[0], **{name: found(name) for name in sys.argv[1:]}}))
`;

/** The Python of WANDB_COLUMNS_PYTHON_ENV, else that of scripts/check-python.sh, else the one on the PATH. */
function pythonProgram() {
  const given = process.env.WANDB_COLUMNS_PYTHON_ENV;
  if (given !== undefined && given !== "") return join(given, "bin/python");
  const own = join(ROOT, "node_modules/.cache/python-readers/bin/python");
  return existsSync(own) ? own : "python3";
}

/** `{program, versions}`; a version is null when the package is not there, `versions` is undefined without Python. */
export function findPython() {
  const program = pythonProgram();
  const { status, stdout } = spawnSync(program, ["-c", ASK, ...PACKAGES], { encoding: "utf8" });
  return { program, versions: status === 0 ? JSON.parse(stdout) : undefined };
}

function missing({ program, versions }, packages) {
  if (versions === undefined) return `${program} does not run`;
  const absent = packages.filter((name) => versions[name] === null);
  return absent.length === 0 ? undefined : `${program} has no ${absent.join(", ")}`;
}

/** `{argv}` of a Python peer, or `{skipped}` and why. */
export function pythonPeer(python, script, packages, args) {
  const skipped = missing(python, packages);
  return skipped === undefined ? { argv: [python.program, join(HERE, script), ...args] } : { skipped };
}

/** `{argv, label}` of DuckDB running `sql`, which is written to `file`: in Python, else in Node. */
export function duckdbPeer(python, label, sql, file) {
  writeFileSync(file, sql);
  const { argv } = pythonPeer(python, "duckdb_sql.py", ["duckdb"], [file]);
  if (argv !== undefined) return { argv, label };
  return {
    argv: [process.execPath, "--import", USAGE, join(HERE, "duckdb_sql.mjs"), file],
    label: `${label} (in Node)`,
  };
}

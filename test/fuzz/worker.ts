/**
 * One process that checks cases; `scripts/fuzz.mjs` starts it and watches over it, since a case may hang it or bring it
 * down. Arguments: what to do, the target, and
 *   run SEED FROM SECONDS   checks cases from number FROM on, telling each before it begins
 *   make SEED NUMBER FILE   writes the bytes of one case
 *   replay FILE…            checks files
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Random } from "./random.js";
import { failureOf, shrink } from "./shrink.js";
import type { Target } from "./target.js";
import { TARGETS } from "./targets.js";

const SHRINKING = 15_000;

const tell = (message: object): void => {
  process.send?.(message);
};

function makeCase(target: Target, seed: number, number: number): Promise<Uint8Array> | Uint8Array {
  return target.make(new Random(Math.imul(seed, 0x01000193) ^ number));
}

async function tellFailure(target: Target, bytes: Uint8Array, error: unknown, more: object): Promise<void> {
  const smallest = await shrink(bytes, failureOf(error), (candidate) => target.check(candidate), SHRINKING);
  const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell({ ...more, kind: "failure", says: says.slice(0, 3000), bytes: Buffer.from(smallest).toString("base64") });
}

async function run(target: Target, seed: number, from: number, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  let number = from;
  for (; performance.now() < until; number++) {
    const bytes = await makeCase(target, seed, number);
    tell({ kind: "case", number, rss: process.memoryUsage.rss() });
    try {
      await target.check(bytes);
    } catch (error) {
      await tellFailure(target, bytes, error, { number });
    }
  }
  tell({ kind: "done", number });
}

async function replay(target: Target, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    tell({ kind: "case", path, rss: process.memoryUsage.rss() });
    try {
      await target.check(readFileSync(path));
    } catch (error) {
      const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell({ kind: "failure", path, says });
    }
  }
  tell({ kind: "done", number: paths.length });
}

const [act, name, ...rest] = process.argv.slice(2);
const target = TARGETS.find((item) => item.name === name);
if (target === undefined)
  throw new Error(`No target ${name}; there are ${TARGETS.map((item) => item.name).join(", ")}`);
const [a = 0, b = 0, c = 0] = rest.map(Number);
if (act === "run") await run(target, a, b, c);
else if (act === "replay") await replay(target, rest);
else if (act === "make") writeFileSync(rest[2] ?? "", await makeCase(target, a, b));
else throw new Error(`Nothing to do: ${act}`);
process.disconnect?.();

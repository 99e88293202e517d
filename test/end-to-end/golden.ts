import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { expect } from "vitest";

const changedName = (file: string): string => file.replace(/(\.[^.]+)$/, "-changed$1");

/**
 * Compares a text with the golden file of a case. A file that is missing is written, for review and commit; in CI it is
 * an error. What differs is left beside it as `<name>-changed.<ext>`.
 */
export function expectGolden(folder: string, file: string, text: string): void {
  if (extname(file) === "") throw new TypeError(`${file} has no extension`);
  const path = join(folder, file);
  const changed = join(folder, changedName(file));
  if (!existsSync(path)) {
    if (process.env["CI"] === "true")
      throw new Error(`${path} is missing: run the tests without CI=true and commit it`);
    writeFileSync(path, text);
  }
  const golden = readFileSync(path, "utf8");
  if (golden === text) rmSync(changed, { force: true });
  else writeFileSync(changed, text);
  expect(text).toBe(golden);
}

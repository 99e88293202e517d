import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");
const GENERATED = "src/sources/wandb-folder/record_pb.ts";

test("record_pb.ts is what proto/record.proto gives", () => {
  const out = mkdtempSync(join(tmpdir(), "proto-"));
  try {
    const bin = join(root, "node_modules/.bin");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` };
    execFileSync(join(bin, "buf"), ["generate", "--output", out], { cwd: root, env });
    expect(readFileSync(join(out, GENERATED), "utf8")).toBe(readFileSync(join(root, GENERATED), "utf8"));
  } finally {
    rmSync(out, { recursive: true });
  }
});

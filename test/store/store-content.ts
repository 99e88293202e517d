import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { RECORD_KINDS } from "../../src/blob.js";
import { writeProfile } from "../../src/profile/serialize.js";
import type { Manifest } from "../../src/store/manifest.js";
import type { RawStore } from "../../src/store/raw-store.js";
import { liveRows } from "./store-fixture.js";

/** Every row that counts with all that it has but its version, and the profile, as text. */
export async function contentOf(store: RawStore): Promise<string[]> {
  const lines: string[] = [];
  for (const kind of RECORD_KINDS) {
    const rows = await liveRows(store.directory, kind, "* EXCLUDE (version)");
    lines.push(
      ...rows.map((row) => JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}n` : value))),
    );
  }
  return [...lines.sort(), writeProfile(await store.profile())];
}

/** Every file of a store, with `/`, sorted. */
export async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(directory.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

/** The files that a store has when nobody is at work: the manifest and those it names. */
export function namedBy(manifest: Manifest): string[] {
  return ["manifest.json", ...manifest.segments.flatMap((item) => [item.file, item.profile.file])].sort();
}

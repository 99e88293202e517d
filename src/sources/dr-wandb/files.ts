/** The file operations of this source: those of `node:fs/promises`. */
export type DrWandbFiles = Pick<
  typeof import("node:fs/promises"),
  "mkdir" | "mkdtemp" | "open" | "readdir" | "rm" | "stat"
>;

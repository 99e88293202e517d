import { StoreError } from "../errors.js";
import { isMissing, type StoreEnv } from "./store-env.js";

/** What taking a lock needs from outside. */
export type LockEnv = Pick<StoreEnv, "now" | "files" | "process">;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

function holderOf(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (!("pid" in value && "host" in value && "since" in value)) return undefined;
  const { pid, host, since } = value;
  const known = typeof pid === "number" && typeof host === "string" && typeof since === "string";
  return known ? { pid, host, since } : undefined;
}

function locked(path: string, what: string, text: string): StoreError {
  const holder = holderOf(text);
  const who =
    holder === undefined
      ? "someone who left no name"
      : `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  return new StoreError("store/locked", `${what} is being written by ${who}`, {
    where: { file: path },
    next: `Wait until it is done. If no such process runs, delete ${path}.`,
  });
}

/** Whether the holder is a process of this machine that is gone. */
function isStale(env: LockEnv, text: string): boolean {
  const holder = holderOf(text);
  return holder !== undefined && holder.host === env.process.host && !env.process.isAlive(holder.pid);
}

async function create(env: LockEnv, path: string): Promise<boolean> {
  const { pid, host } = env.process;
  let handle: Awaited<ReturnType<StoreEnv["files"]["open"]>>;
  try {
    handle = await env.files.open(path, "wx");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  try {
    await handle.writeFile(`${JSON.stringify({ pid, host, since: env.now().toISOString() })}\n`);
  } finally {
    await handle.close();
  }
  return true;
}

async function read(env: LockEnv, path: string): Promise<string | undefined> {
  try {
    return await env.files.readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Moves a stale lock out of the way. Of two processes that try, one renames it and the other finds nothing; whoever
 * renamed a lock that had become another's by then gives up.
 */
async function removeStale(env: LockEnv, path: string, what: string, text: string): Promise<void> {
  const aside = `${path}.stale-${env.process.pid}`;
  try {
    await env.files.rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const moved = await read(env, aside);
  if (moved !== text) {
    await env.files.rename(aside, path);
    throw locked(path, what, moved ?? "");
  }
  await env.files.rm(aside, { force: true });
}

/**
 * Takes the lock of a folder; the lock of a dead process of this machine is taken over.
 * @param what the folder as the error calls it, at the start of a sentence.
 * @returns gives the lock back.
 * @throws StoreError `store/locked`, naming the holder.
 */
export async function takeLock(env: LockEnv, path: string, what = "The raw store"): Promise<() => Promise<void>> {
  if (!(await create(env, path))) {
    const text = (await read(env, path)) ?? "";
    if (!isStale(env, text)) throw locked(path, what, text);
    await removeStale(env, path, what, text);
    if (!(await create(env, path))) throw locked(path, what, (await read(env, path)) ?? "");
  }
  return () => env.files.rm(path, { force: true });
}

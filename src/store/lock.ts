import { createHash, randomBytes } from "node:crypto";
import { StoreError } from "../errors.js";
import { cannotLink, isMissing, type StoreEnv } from "./store-env.js";

/** What taking a lock needs from outside. */
export type LockEnv = Pick<StoreEnv, "now" | "files" | "process" | "wait">;

/** Leftovers of processes that were killed while they took a lock, as the end of its name. */
export const LOCK_LEFTOVER = "(\\.[0-9a-f]{8})+|\\.stale-\\d+";

const POLL = 200;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** When the process started, where the system tells it: a later process may have the same pid. */
  readonly start?: string | undefined;
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
  if (typeof pid !== "number" || typeof host !== "string" || typeof since !== "string") return undefined;
  return { pid, host, since, start: "start" in value && typeof value.start === "string" ? value.start : undefined };
}

function nameOf(text: string): string {
  const holder = holderOf(text);
  if (holder === undefined) return "someone who left no name";
  return `process ${holder.pid} on ${holder.host}, since ${holder.since}`;
}

function locked(path: string, what: string, text: string, waited: number): StoreError {
  const patience = waited === 0 ? "" : `; waited ${waited / 1000} s`;
  return new StoreError("store/locked", `${what} is being written by ${nameOf(text)}${patience}`, {
    where: { file: path },
    next: `Wait until it is done, or allow for it with --wait SECONDS. If no such process runs, delete ${path}.`,
  });
}

/** Whether the holder is a process of this machine that is gone, even if another has its pid now. */
function isStale({ process }: LockEnv, text: string): boolean {
  const holder = holderOf(text);
  if (holder === undefined || holder.host !== process.host) return false;
  if (!process.isAlive(holder.pid)) return true;
  const start = process.startOf(holder.pid);
  return holder.start !== undefined && start !== undefined && holder.start !== start;
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

async function createDirectly({ files }: LockEnv, path: string, text: string): Promise<boolean> {
  try {
    await files.writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Links a draft to its name; false when something has the name, or the draft was taken for a leftover and removed. */
async function linkNew(env: LockEnv, draft: string, path: string, text: string): Promise<boolean> {
  try {
    await env.files.link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST" || isMissing(error)) return false;
    if (cannotLink(error)) return createDirectly(env, path, text);
    throw error;
  }
}

/** Creates a lock with its text at once, so that nobody ever finds an empty one; false when there is one already. */
async function create(env: LockEnv, path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await env.files.writeFile(draft, text, { flag: "wx" });
    return await linkNew(env, draft, path, text);
  } finally {
    await env.files.rm(draft, { force: true });
  }
}

async function read({ files }: LockEnv, path: string): Promise<string | undefined> {
  try {
    return await files.readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Removes a stale lock. The right to do so is a lock itself, named by the stale one's text: whoever has it alone may
 * remove that text, so that nobody removes the lock of a third who was quicker.
 * @returns who else is at it; undefined when the lock is gone.
 */
async function removeStale(env: LockEnv, path: string, stale: string, text: string): Promise<string | undefined> {
  const claim = `${path}.${createHash("sha256").update(stale).digest("hex").slice(0, 8)}`;
  const other = await tryLock(env, claim, text);
  if (other !== undefined) return other;
  try {
    if ((await read(env, path)) === stale) await env.files.rm(path, { force: true });
  } finally {
    await env.files.rm(claim, { force: true });
  }
  return undefined;
}

/** Takes a lock that is free or stale. @returns the text of another's lock; undefined when it was taken. */
async function tryLock(env: LockEnv, path: string, text: string): Promise<string | undefined> {
  for (;;) {
    if (await create(env, path, text)) return undefined;
    const found = await read(env, path);
    if (found === undefined) continue;
    if (!isStale(env, found)) return found;
    const other = await removeStale(env, path, found, text);
    if (other !== undefined) return other;
  }
}

function ownText({ process, now }: LockEnv): string {
  const { pid, host } = process;
  const holder: Holder = { pid, host, since: now().toISOString(), start: process.startOf(pid) };
  return `${JSON.stringify(holder)}\n`;
}

/**
 * Takes the lock of a folder; the lock of a process of this machine that is gone is taken over. Waits for another holder
 * as long as `env.wait` says, by default not at all.
 * @param what the folder as messages call it, at the start of a sentence.
 * @returns gives the lock back.
 * @throws StoreError `store/locked`, naming the holder.
 */
export async function takeLock(env: LockEnv, path: string, what = "The raw store"): Promise<() => Promise<void>> {
  const most = (env.wait?.seconds ?? 0) * 1000;
  const text = ownText(env);
  for (let waited = 0; ; ) {
    const other = await tryLock(env, path, text);
    if (other === undefined) break;
    if (env.wait === undefined || waited >= most) throw locked(path, what, other, waited);
    if (waited === 0) {
      await env.wait.tell(`${what} is being written by ${nameOf(other)}: waiting up to ${most / 1000} s.`);
    }
    const pause = Math.min(POLL, most - waited);
    await env.wait.sleep(pause);
    waited += pause;
  }
  return async () => {
    if ((await read(env, path)) === text) await env.files.rm(path, { force: true });
  };
}

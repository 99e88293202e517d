import { join } from "node:path";
import { takeLock } from "../store/lock.js";
import type { Environment } from "./environment.js";
import type { Project } from "./project.js";

/** Name of the lock inside the raw folder. */
const LOCK = "project.lock";

/**
 * Does what concerns a project folder as a whole, while nobody else does such a thing. The raw store and the tables have
 * locks of their own.
 * @throws StoreError `store/locked` when another is at it and is not done when waiting is over.
 */
export async function withProjectLock<T>(project: Project, env: Environment, act: () => Promise<T>): Promise<T> {
  const { files, machine, now, wait } = env;
  await files.mkdir(project.raw, { recursive: true });
  const lockEnv = { files, process: machine, now, wait };
  const unlock = await takeLock(lockEnv, join(project.raw, LOCK), `The project folder ${project.root}`);
  try {
    return await act();
  } finally {
    await unlock();
  }
}

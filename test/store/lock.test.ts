import { createHash } from "node:crypto";
import * as nodeFiles from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { nodeEnvironment } from "../../src/pipelines/node-environment.js";
import { takeLock } from "../../src/store/lock.js";
import { storeEnv, temporaryFolder } from "./store-fixture.js";

const { readdir, readFile, writeFile } = nodeFiles;

/** A process of a machine on which those with a pid below 200 are alive. */
const alive = (pid: number) => ({
  pid,
  host: "here",
  isAlive: (asked: number) => asked < 200 || asked === process.pid,
  startOf: () => undefined,
});

let path = "";
let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder, "lock");
});

describe("takeLock", () => {
  it("writes who holds it, and removes it when given back", async () => {
    const unlock = await takeLock(storeEnv(), path);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      pid: process.pid,
      host: "here",
      since: "2026-01-02T03:04:05.678Z",
    });
    await unlock();
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a second holder and names the first", async () => {
    await takeLock(storeEnv(), path);
    await expect(takeLock(storeEnv(), path)).rejects.toMatchObject({
      code: "store/locked",
      message: `The raw store is being written by process ${process.pid} on here, since 2026-01-02T03:04:05.678Z`,
      next: expect.stringContaining("--wait SECONDS"),
    });
  });

  it("takes over the lock of a dead process of this machine", async () => {
    await writeFile(path, JSON.stringify({ pid: 1234567, host: "here", since: "2020-01-01T00:00:00Z" }));
    const unlock = await takeLock(storeEnv(), path);
    expect(await readdir(folder)).toEqual(["lock"]);
    expect(await readFile(path, "utf8")).toContain(`"pid":${process.pid}`);
    await unlock();
  });

  it.each([
    ["of another machine", JSON.stringify({ pid: 1234567, host: "there", since: "2020" }), "process 1234567 on there"],
    ["that is empty", "", "someone who left no name"],
    ["that is no JSON", "locked!", "someone who left no name"],
    ["without a pid", '{"host":"here"}', "someone who left no name"],
    ["with a pid that is text", '{"pid":"1","host":"here","since":"x"}', "someone who left no name"],
  ])("leaves a lock %s alone", async (_name, text, holder) => {
    await writeFile(path, text);
    await expect(takeLock(storeEnv(), path)).rejects.toThrow(holder);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("of many who find a stale lock at once, one gets it", async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(path, JSON.stringify({ pid: 1234567, host: "here", since: `2020-01-01T00:00:${round}Z` }));
      const attempts = Array.from({ length: 8 }, (_, i) =>
        takeLock(storeEnv({ process: alive(100 + i) }), path).then(
          (unlock) => unlock,
          () => undefined,
        ),
      );
      const unlocks = (await Promise.all(attempts)).filter((unlock) => unlock !== undefined);
      expect(unlocks).toHaveLength(1);
      for (const unlock of unlocks) await unlock();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("takes over from a process whose pid another has now, its own pid included", async () => {
    const first = { ...alive(7), startOf: () => "boot 100" };
    await takeLock(storeEnv({ process: first }), path);
    expect(await readFile(path, "utf8")).toContain('"start":"boot 100"');
    const second = { ...alive(7), startOf: () => "boot 200" };
    const unlock = await takeLock(storeEnv({ process: second }), path);
    expect(await readFile(path, "utf8")).toContain('"start":"boot 200"');
    await expect(takeLock(storeEnv({ process: second }), path)).rejects.toMatchObject({ code: "store/locked" });
    await unlock();
  });

  it("gives back its own lock only", async () => {
    const unlock = await takeLock(storeEnv(), path);
    const other = JSON.stringify({ pid: 5, host: "there", since: "2026" });
    await writeFile(path, other);
    await unlock();
    expect(await readFile(path, "utf8")).toBe(other);
  });

  it("takes over after one who died while removing a stale lock, and after one who died then", async () => {
    const stale = JSON.stringify({ pid: 1234567, host: "here", since: "2020" });
    const claimOf = (text: string, of: string) =>
      `${of}.${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
    await writeFile(path, stale);
    await writeFile(claimOf(stale, path), stale);
    await writeFile(claimOf(stale, claimOf(stale, path)), stale);
    const unlock = await takeLock(storeEnv(), path);
    expect(await readdir(folder)).toEqual(["lock"]);
    await unlock();
  });

  it("works where there are no hard links", async () => {
    const files = { ...nodeFiles, link: () => Promise.reject(Object.assign(new Error("no"), { code: "EPERM" })) };
    const unlock = await takeLock(storeEnv({ files }), path);
    await expect(takeLock(storeEnv({ files }), path)).rejects.toMatchObject({ code: "store/locked" });
    expect(await readdir(folder)).toEqual(["lock"]);
    await unlock();
  });

  it("tells of a folder that is not there or full, and leaves nothing", async () => {
    await expect(takeLock(storeEnv(), join(folder, "none", "lock"))).rejects.toMatchObject({ code: "ENOENT" });
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const writeHalf: typeof nodeFiles.writeFile = async (file) => {
      await writeFile(file as string, "{");
      throw full;
    };
    await expect(takeLock(storeEnv({ files: { ...nodeFiles, writeFile: writeHalf } }), path)).rejects.toBe(full);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("waiting for a lock", () => {
  const waiting = (seconds: number, sleep: (ms: number) => Promise<void>) => {
    const told: string[] = [];
    return { told, wait: { seconds, tell: async (text: string) => void told.push(text), sleep } };
  };

  it("tells once for whom, and goes on when it is given back", async () => {
    const unlock = await takeLock(storeEnv(), path);
    let slept = 0;
    const { told, wait } = waiting(60, async (ms) => {
      slept += ms;
      if (slept > 1000) await unlock();
    });
    const second = await takeLock(storeEnv({ wait }), path);
    expect(told).toEqual([
      `The raw store is being written by process ${process.pid} on here, since 2026-01-02T03:04:05.678Z: waiting up to 60 s.`,
    ]);
    await second();
  });

  it("ends with who holds it when the time is over", async () => {
    await takeLock(storeEnv(), path);
    let slept = 0;
    const { told, wait } = waiting(1.5, async (ms) => {
      slept += ms;
    });
    await expect(takeLock(storeEnv({ wait }), path)).rejects.toMatchObject({
      code: "store/locked",
      message: expect.stringMatching(/process \d+ on here, since .*; waited 1\.5 s$/),
    });
    expect([slept, told.length]).toEqual([1500, 1]);
  });

  it("stops when the user gives up", async () => {
    await takeLock(storeEnv(), path);
    const reason = new Error("given up");
    const { wait } = waiting(60, () => Promise.reject(reason));
    await expect(takeLock(storeEnv({ wait }), path)).rejects.toBe(reason);
  });
});

it("the real machine knows when a process started", { skip: process.platform !== "linux" }, () => {
  const { machine } = nodeEnvironment();
  const own = machine.startOf(process.pid);
  expect(own).toMatch(/^[0-9a-f-]{36} \d+$/);
  expect(machine.startOf(process.pid)).toBe(own);
  expect(machine.startOf(1)).not.toBe(own);
  expect(machine.startOf(2 ** 30)).toBeUndefined();
});

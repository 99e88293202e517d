import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { takeLock } from "../../src/store/lock.js";
import { storeEnv, temporaryFolder } from "./store-fixture.js";

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
    await writeFile(path, JSON.stringify({ pid: 1234567, host: "here", since: "2020-01-01T00:00:00Z" }));
    const attempts = Array.from({ length: 8 }, (_, i) => {
      const process_ = { pid: 100 + i, host: "here", isAlive: (pid: number) => pid < 200 };
      return takeLock(storeEnv({ process: process_ }), path).then(
        () => true,
        () => false,
      );
    });
    expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1);
  });
});

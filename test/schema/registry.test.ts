import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BLOBS } from "../../src/blob.js";
import { readSchemaFolder } from "../../src/schema/read-folder.js";
import { loadRegistry, schemaNameOf } from "../../src/schema/registry.js";
import { files, META_SCHEMA, registryOf, schemaError } from "./fixture.js";

const id = (name: string): string => `https://example.org/schemas/${name}.schema.json`;
const number = { type: "object", properties: { a: { type: "number" } } };
const config = { $id: id("config"), ...number };
const summary = { $id: id("summary"), ...number };
const fs = { readdir, readFile };

describe("the blob of a file", () => {
  test("is that of its name; without a project's file the built-in one stands", () => {
    const registry = registryOf({ config, "history-row": number });
    expect([...registry.root("config").properties.keys()]).toEqual(["a"]);
    expect([...registry.root("history").properties.keys()]).toEqual(["a"]);
    expect(registry.root("summary").properties.size).toBe(0);
    expect(registry.schemas().find((file) => file.name === "history-row")).toMatchObject({
      blob: "history",
      stands: true,
      origin: "built-in",
    });
  });

  test("is that of the built-in schema it extends, through other files too", () => {
    const team = { $id: id("team"), allOf: [{ $ref: id("config") }], properties: { b: { type: "string" } } };
    const mine = { allOf: [{ $ref: id("team") }], properties: { c: { type: "string" } } };
    const registry = registryOf({ config }, { config: mine, team });
    expect([...registry.root("config").properties.keys()]).toEqual(["a", "b", "c"]);
    const stands = registry.schemas().filter((file) => file.blob === "config" && file.stands);
    expect(stands.map((file) => file.file)).toEqual(["schemas/config.schema.json"]);
  });

  test("two project files for one blob are an error that names both", () => {
    const error = schemaError(() =>
      registryOf({ config }, { config: { $ref: id("config") }, other: { $ref: id("config") } }),
    );
    expect(error.code).toBe("schema/blob");
    expect(error.message).toContain("schemas/config.schema.json");
    expect(error.message).toContain("schemas/other.schema.json");
  });

  test("a file that extends another blob than its name says is an error", () => {
    const error = schemaError(() => registryOf({ config, summary }, { config: { $ref: id("summary") } }));
    expect(error.code).toBe("schema/blob");
    expect(error.where.file).toBe("schemas/config.schema.json");
  });

  test("a part of a built-in schema extends nothing", () => {
    const registry = registryOf({ config }, { shared: { $ref: `${id("config")}#/properties/a` } });
    expect(registry.schemas().find((file) => file.name === "shared")?.blob).toBeUndefined();
  });

  test("schemaNameOf names a file for every blob", () => {
    expect(BLOBS.map(schemaNameOf)).toEqual([
      "run",
      "config",
      "summary",
      "system-info",
      "system-metrics",
      "history-row",
      "system-event",
      "sweep",
    ]);
  });
});

describe("identity of files", () => {
  test("a project file that repeats a built-in one byte for byte is that file", () => {
    const text = JSON.stringify(config);
    const registry = registryOf({ config: text }, { config: text });
    expect(registry.schemas().filter((file) => file.name === "config")).toHaveLength(1);
  });

  test("another text under the same $id is an error", () => {
    const error = schemaError(() => registryOf({ config }, { config: { ...config, title: "mine" } }));
    expect(error.code).toBe("schema/id");
  });

  test("sources are the texts by URI, in order", () => {
    const registry = registryOf({ summary, config });
    expect([...registry.sources.keys()]).toEqual([
      id("config"),
      id("summary"),
      "https://wandb-columns.dev/schemas/x-column.schema.json",
    ]);
    expect(registry.sources.get(id("config"))).toBe(JSON.stringify(config, null, 2));
  });
});

test("retired columns are gathered from all roots, without repeats, by table and id", () => {
  const retired = (...items: object[]): object => ({ "x-column": { retired: items } });
  const registry = registryOf(
    { config: { ...config, ...retired({ id: 5, table: "runs", name: "config_b" }) } },
    {
      config: {
        $ref: id("config"),
        ...retired(
          { id: 9, table: "history", name: "x" },
          { id: 5, table: "runs", name: "config_b" },
          { id: 2, table: "runs", name: "config_a" },
        ),
      },
    },
  );
  expect(registry.retired).toEqual([
    { id: 9, table: "history", name: "x" },
    { id: 2, table: "runs", name: "config_a" },
    { id: 5, table: "runs", name: "config_b" },
  ]);
});

test("the order of the files does not matter", () => {
  const builtIn = new Map([...files({ config, summary }), ["x-column.schema.json", META_SCHEMA]]);
  const project = files({ config: { $id: id("mine"), $ref: id("config") }, shared: { type: "number" } }, "mine");
  const there = loadRegistry(builtIn, project);
  const back = loadRegistry(new Map([...builtIn].reverse()), new Map([...project].reverse()));
  expect(back.schemas()).toEqual(there.schemas());
  expect([...back.sources]).toEqual([...there.sources]);
  for (const blob of BLOBS) expect(back.root(blob)).toEqual(there.root(blob));
});

describe("readSchemaFolder", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "schemas-"));
    await mkdir(join(folder, "team"));
    await writeFile(join(folder, "config.schema.json"), "\uFEFF{}");
    await writeFile(join(folder, "team", "b.schema.json"), "{}");
    await writeFile(join(folder, "team", "example.json"), "not a schema");
    await writeFile(join(folder, "README.md"), "# no");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("reads schema files below a folder by their path, without a byte order mark", async () => {
    const found = await readSchemaFolder(fs, folder, "schemas");
    expect([...found]).toEqual([
      ["schemas/config.schema.json", "{}"],
      ["schemas/team/b.schema.json", "{}"],
    ]);
  });

  test("refuses what is not UTF-8, by its name", async () => {
    const odd = join(folder, "odd.schema.json");
    await writeFile(odd, Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(readSchemaFolder(fs, folder, "schemas")).rejects.toMatchObject({
      code: "schema/encoding",
      where: { file: "schemas/odd.schema.json" },
    });
    await rm(odd);
  });

  test("a missing folder is the file system's error", async () => {
    await expect(readSchemaFolder(fs, join(folder, "none"), "schemas")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

test("the built-in schemas load, and every blob has one", async () => {
  const builtIn = await readSchemaFolder(fs, fileURLToPath(new URL("../../schemas", import.meta.url)), "schemas");
  const registry = loadRegistry(builtIn, builtIn);
  const described = registry.schemas().flatMap((file) => file.blob ?? []);
  expect([...described].sort()).toEqual([...BLOBS].sort());
  expect(registry.schemas().every((file) => file.origin === "built-in")).toBe(true);
});

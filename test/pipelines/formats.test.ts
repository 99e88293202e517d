import { readdir } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { formatSchemas } from "../../src/pipelines/formats.js";

const FOLDER = new URL("../../formats/", import.meta.url);

describe("the published JSON Schemas", () => {
  const schemas = [...formatSchemas()];

  test.each(schemas)("formats/%s is what the program reads and writes", async (name, text) => {
    await expect(text).toMatchFileSnapshot(new URL(name, FOLDER).pathname);
  });

  test("are all there, and nothing else is", async () => {
    expect((await readdir(FOLDER)).sort()).toEqual(schemas.map(([name]) => name).sort());
  });

  test.each(schemas)("%s is a valid draft 2020-12 schema with an $id of its name", (name, text) => {
    const schema = JSON.parse(text) as { $id: string };
    expect(schema.$id).toBe(`https://wandb-columns.dev/schemas/${name}`);
    expect(() => new Ajv2020({ strict: false }).compile(schema)).not.toThrow();
  });
});

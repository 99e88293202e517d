import { expect, test } from "vitest";
import { builtIn, isObject, type JsonObject, validator } from "./built-in.js";
import { exportPayloads, importedPayloads, type Payload, sdkPayloads, typedValues } from "./payloads.js";

const SDK = ["wandb_sdk_offline", "wandb_sdk_online", "wandb_sdk_legacy"];

/** The fixtures `keys` log a key of their own that begins like W&B's. */
const KEY_OF_THE_USER = "/_private";

function refused(payloads: readonly Payload[]): unknown[] {
  const validators = new Map<string, ReturnType<typeof validator>>();
  return payloads.flatMap(({ schema, place, value }) => {
    const [name = "", fragment] = schema.split("#");
    const validate = validators.get(schema) ?? validator(name, fragment === undefined ? "" : `#${fragment}`);
    validators.set(schema, validate);
    return validate(value) ? [] : [{ schema, place, errors: validate.errors, value }];
  });
}

function counts(payloads: readonly Payload[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { schema } of payloads) found[schema] = (found[schema] ?? 0) + 1;
  return found;
}

test("every payload of a dr_wandb export is accepted", async () => {
  const payloads = await exportPayloads();
  expect(counts(payloads)).toEqual({
    run: 6,
    config: 6,
    "config#/$defs/wrapped": 6,
    summary: 6,
    "system-info": 6,
    "system-metrics": 6,
    "history-keys": 6,
    "history-row": 2549,
  });
  expect(refused(payloads)).toEqual([]);
});

test.each(["wandb_sdk_offline", "wandb_sdk_online", "wandb_sdk_legacy"])(
  "every payload of %s is accepted",
  (folder) => {
    const payloads = sdkPayloads(folder);
    const found = counts(payloads);
    for (const schema of ["config", "summary", "system-info", "system-event", "history-row"]) {
      expect(found[schema]).toBeGreaterThan(0);
    }
    expect(refused(payloads)).toEqual([]);
  },
);

test.each(SDK)("everything imported from the logs of %s is accepted", async (folder) => {
  const payloads = await importedPayloads(folder);
  const schemas = ["config", "history-row", "run", "summary", "system-event", "system-info"];
  expect(Object.keys(counts(payloads)).sort()).toEqual(schemas);
  expect(refused(payloads)).toEqual([]);
});

/** Paths of members that a schema does not name; what stays in the residual speaks for everything below it. */
function undeclared(schema: JsonObject, value: unknown, path = ""): string[] {
  const x = schema["x-column"];
  const properties = schema["properties"];
  const kept = isObject(x) && x["promote"] === false;
  if (kept || !isObject(value) || !isObject(properties)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const declared = properties[key];
    return isObject(declared) ? undeclared(declared, member, `${path}/${key}`) : [`${path}/${key}`];
  });
}

test("every member that W&B itself writes is declared", async () => {
  const payloads = [
    await exportPayloads(),
    sdkPayloads("wandb_sdk_online"),
    ...(await Promise.all(SDK.map(importedPayloads))),
  ];
  const found = payloads.flat().flatMap(({ schema, value }) => {
    const paths = undeclared(builtIn.get(schema) ?? {}, value);
    if (["run", "system-info"].includes(schema)) return paths.map((path) => schema + path);
    return paths.filter((path) => path.startsWith("/_") && path !== KEY_OF_THE_USER).map((path) => schema + path);
  });
  expect([...new Set(found)].sort()).toEqual([]);
});

test("every typed value of the SDK is accepted and of a known kind", () => {
  const values = ["wandb_sdk_offline", "wandb_sdk_legacy"].flatMap(sdkPayloads).flatMap(typedValues);
  const kinds = new Set(values.map(({ value }) => (value as { _type: string })._type));
  expect([...kinds].sort()).toEqual(["histogram", "html-file", "image-file", "images/separated", "table-file"]);
  expect(refused(values)).toEqual([]);
});

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtIn, isObject, type JsonObject } from "./built-in.js";

function patterns(): [RegExp, JsonObject][] {
  const defs = builtIn.get("system-metrics")?.["$defs"];
  const metrics = isObject(defs) ? defs["metrics"] : undefined;
  const found = isObject(metrics) ? metrics["patternProperties"] : undefined;
  if (!isObject(found)) throw new TypeError("system-metrics has no patterns");
  return Object.entries(found).map(([source, schema]) => {
    if (!isObject(schema)) throw new TypeError(source);
    return [new RegExp(source, "u"), schema];
  });
}

const PATTERNS = patterns();

interface Keys {
  readonly component: string;
  readonly device: string;
  readonly metric: string;
}

/** The keys that the first pattern to match gives a name; a key without a group is the empty string. */
function split(name: string): Keys | undefined {
  const groups = PATTERNS.map(([pattern]) => pattern.exec(name)).find((match) => match !== null)?.groups;
  if (groups === undefined) return undefined;
  return { component: groups["component"] ?? "", device: groups["device"] ?? "", metric: groups["metric"] ?? "" };
}

function join({ component, device, metric }: Keys): string {
  return ["system", component, device, metric].filter((part) => part !== "").join(".");
}

const rows = JSON.parse(readFileSync(new URL("metric-names.json", import.meta.url), "utf8")) as [
  name: string,
  component: string,
  device: string,
  metric: string,
][];

describe("names of system metrics", () => {
  test.each(rows)("%s is %j, %j, %j", (name, component, device, metric) => {
    expect(split(name)).toEqual({ component, device, metric });
    expect(join({ component, device, metric })).toBe(name);
  });

  test("every pattern decides a name of the table", () => {
    const deciding = new Set(rows.map(([name]) => PATTERNS.findIndex(([pattern]) => pattern.test(name))));
    expect(deciding.size).toBe(PATTERNS.length);
  });

  test("keys always give the name back", () => {
    const word = fc.constantFrom(
      "gpu",
      "process",
      "disk",
      "cpu",
      "0",
      "17",
      "/",
      "/data.v2",
      "in",
      "/l:",
      "n.1",
      "tpu",
      "openmetrics",
    );
    const glue = fc.constantFrom(".", "", "..");
    const parts = fc.array(fc.tuple(glue, fc.oneof(word, fc.string({ minLength: 1 }))), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, (list) => {
        const name = `system.${list.map(([dot, text]) => dot + text).join("")}`;
        const keys = split(name);
        if (keys === undefined) expect(name).toMatch(/[\n\r\u2028\u2029]/);
        else expect(join(keys)).toBe(name);
      }),
      { numRuns: 5000 },
    );
  });

  test.each(["cpu", "_timestamp", "_runtime", "system", "system.", "system/cpu", "my.system.cpu"])(
    "%s is no metric",
    (name) => {
      expect(split(name)).toBeUndefined();
    },
  );

  test("groups and literal text alternate and every row goes to one table with the same keys", () => {
    for (const [pattern, schema] of PATTERNS) {
      expect(pattern.source).toMatch(/^\^system(\\\.\(\?<(component|device|metric)>[^()]+\))+\$$/);
      expect(schema["x-column"]).toMatchObject({
        table: "system_metrics",
        keys: { component: "string", device: "string", metric: "string" },
      });
    }
  });
});

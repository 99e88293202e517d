import fc from "fast-check";
import type { BlobName } from "../../src/blob.js";
import { formatPointer } from "../../src/json/pointer.js";
import type { Column, Family, LogicalType, Plan, Table } from "../../src/plan/plan.js";

/** Keys that are hard to turn into columns, and a few ordinary ones so that documents and plans meet. */
export const KEYS = [
  "a",
  "b",
  "Loss",
  "loss",
  "a.b",
  "a/b",
  "",
  "__proto__",
  "constructor",
  "x~y",
  'quo"te',
  "it's",
  "*",
  "0",
  "é",
  "k".repeat(120),
  "_step",
  "fam.1",
  "fam.02",
  "fam.x",
] as const;

const NUMBERS = [
  ..."0 -0 0.0 -0.0 0e5 -0e1 1 -1 12.0 1.2e1 1e3 123e-1 1.50 0.1 1e-7 1e25 1e400 -1e400 1e-400 5e-324 2e-324".split(
    " ",
  ),
  "999999999999999",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "9007199254740993.0",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "18446744073709551615",
  "18446744073709551616",
  "10000000000000000000000000",
  "99999999999999999999999999999999999999",
  "100000000000000000000000000000000000000",
  "1234567890123456789.0",
  "0.1234567890123456789",
  "0.30000000000000004",
  "100000000000000000000.0",
  "1.7976931348623157e308",
  "NaN",
  "Infinity",
  "-Infinity",
];

const STRINGS = [
  '""',
  '"x"',
  '"NaN"',
  '"Infinity"',
  '"-Infinity"',
  '"nan"',
  '"1.5"',
  '"true"',
  '"null"',
  '"\\u0041\\n\\"\\\\"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\ud83d\\ude80"',
  '"\u2028é"',
  '"\ufeffbom"',
  '"2025-08-19T05:36:01Z"',
  '"2025-08-19T05:36:01.120Z"',
  '"2025-08-19T05:36:01.12+02:00"',
  '"2025-08-19T05:36:01"',
  '"2025-08-19T05:36:01.1234567Z"',
];

/** Spellings of scalars, hostile ones included. */
export const scalarText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("null", "true", "false"),
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(...STRINGS),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? "-0.0" : String(value))),
  fc.string().map((value) => JSON.stringify(value)),
);

const keyText = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...KEYS).map((key) => JSON.stringify(key)) },
  { weight: 1, arbitrary: fc.constantFrom('"\\u0061"', '"\\u004coss"', '"nul\\u0000"', '"\\udc00"') },
);

function objectText(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const space = fc.constantFrom("", "", "", " ", "\n");
  const member = fc.tuple(keyText, value, space).map(([key, text, gap]) => `${key}:${gap}${text}`);
  return fc.array(member, { maxLength: 7 }).map((members) => {
    const seen = new Set<string>();
    const unique = members.filter((text) => {
      const key = text.slice(0, text.indexOf(":"));
      return seen.has(key) ? false : seen.add(key);
    });
    return `{${unique.join(",")}}`;
  });
}

const listText = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(value, { maxLength: 4 }).map((items) => `[${items.join(",")}]`);

const valueText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: scalarText },
    { weight: 1, arbitrary: listText(scalarText) },
    { weight: 1, arbitrary: listText(tie("value")) },
    { weight: 2, arbitrary: objectText(tie("value")) },
  ),
})).value;

/** Object texts, nearly always strict JSON without duplicate keys. */
export const blobText: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: objectText(valueText) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "{}",
      "{ }",
      "[]",
      "null",
      "1",
      "",
      "{",
      '{"a":1}x',
      '{"a":nan}',
      '{"a":01}',
      '{"a":1,"a":2}',
      '{"b":{"\\u0061":1,"a":2}}',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 90, max: 300 }).map((depth) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`),
  },
);

const MILD: Record<string, readonly string[]> = {
  number: ["1", "2.5", "-3", "1e25", "0.1", "12.0", "9007199254740992", "NaN", '"NaN"', "-0.0", "1e-7"],
  integer: ["0", "-7", "42", "9007199254740993", "12.0", "-9223372036854775808"],
  string: ['"x"', '"\\u0041\\n"', '"2025-08-19T05:36:01Z"', '"é"', '""'],
  boolean: ["true", "false"],
  list: ["[]", "[1,2]", "[null,1.5]", "[NaN]"],
  object: ['{"a":1}', '{"b":{"a":"x"}}', "{}", '{"a":null,"loss":[1,{"x":2.50}]}'],
};

/** Batches of documents in which a key nearly always has the same kind of value, so that most rows are clean. */
export const mildBatch: fc.Arbitrary<string[]> = fc
  .dictionary(fc.constantFrom(...KEYS.filter((key) => key !== "_step")), fc.constantFrom(...Object.keys(MILD)), {
    minKeys: 1,
    maxKeys: 8,
  })
  .chain((kinds) => {
    const members = Object.entries(kinds).map(([key, kind]) => {
      const mild = fc.constantFrom(...(MILD[kind] ?? []));
      const value = fc.oneof(
        { weight: 40, arbitrary: mild },
        { weight: 4, arbitrary: fc.constant("null") },
        { weight: 1, arbitrary: scalarText },
      );
      return fc.option(value, { freq: 5 }).map((text) => (text === null ? [] : [`${JSON.stringify(key)}:${text}`]));
    });
    const document = fc.tuple(...members).map((all) => `{${all.flat().join(",")}}`);
    return fc.array(fc.oneof({ weight: 40, arbitrary: document }, { weight: 1, arbitrary: blobText }), {
      minLength: 1,
      maxLength: 20,
    });
  });

export const TYPES: readonly LogicalType[] = [
  "boolean",
  "int64",
  "decimal",
  "float64",
  "string",
  "timestamp",
  "json",
  "list<boolean>",
  "list<int64>",
  "list<float64>",
  "list<string>",
  "list<timestamp>",
  "list<decimal>",
];

const columnPath = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...KEYS).map((key) => [key]) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("a", "b", "Loss", ""), fc.constantFrom(...KEYS)).map((pair) => [...pair]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("a", "b"), fc.constantFrom("a", "b"), fc.constantFrom(...KEYS))
      .map((all) => [...all]),
  },
);

export interface PlannedColumn {
  readonly path: readonly string[];
  readonly type: LogicalType;
}

/** Columns whose paths are no prefixes of each other. */
export const plannedColumns: fc.Arbitrary<PlannedColumn[]> = fc
  .array(fc.record({ path: columnPath, type: fc.constantFrom(...TYPES) }), { maxLength: 10 })
  .map((columns) => {
    const kept: PlannedColumn[] = [];
    for (const column of columns) {
      const clash = kept.some(({ path }) =>
        path.every((key, i) => column.path[i] === undefined || column.path[i] === key),
      );
      if (!clash && column.path[0] !== "_step") kept.push(column);
    }
    return kept;
  });

let lastId = 100;

export function column(name: string, type: LogicalType, more: Partial<Column> = {}): Column {
  lastId += 1;
  return { id: lastId, name, type, description: "", ...more };
}

const text = (name: string): Column => column(name, "string");

function key(kind: "run" | "history" | "event"): Column[] {
  const run = [text("entity"), text("project"), text("run_id")];
  if (kind === "run") return run;
  return [...run, ...(kind === "history" ? [column("step", "int64")] : []), column("ordinal", "int64")];
}

function table(name: string, kind: Table["kind"], keys: readonly Column[], more: Partial<Table> = {}): Table {
  const { columns = [], ...rest } = more;
  return {
    name,
    kind,
    description: "",
    key: keys.map((item) => item.name),
    residuals: [],
    families: [],
    ...rest,
    columns: [...keys, ...columns],
  };
}

function blobColumns(blob: BlobName, columns: readonly PlannedColumn[]): Column[] {
  return columns.map(({ path, type }, i) => column(`${blob}_${i}`, type, { blob, path: formatPointer(path) }));
}

const residual = (blob: BlobName, name = `${blob}_residual`): Table["residuals"][number] => ({
  id: ++lastId,
  name,
  blob,
});

/** A plan with these columns, a family `fam.{n}` of int64 keys in config and history, and system metrics by name. */
export function planOf(
  config: readonly PlannedColumn[],
  history: readonly PlannedColumn[],
  familyType: LogicalType,
): Plan {
  const famPath = [{ pattern: "^fam\\.(?<n>.+)$", template: "fam.{n}" }];
  const family = (name: string, blob: BlobName, keys: Column[]): Table => {
    const n = column("n", "int64");
    const value = column("value", familyType, { blob, path: "" });
    const rule: Family = { blob, path: famPath, values: [value] };
    return table(name, "family", [...keys, n], { columns: [value], families: [rule] });
  };
  const metric = column("value", "float64", { path: "" });
  const systemRule = (blob: BlobName, template: string, pattern: string): Family => ({
    blob,
    path: [{ pattern, template }],
    values: [metric],
  });
  const systemRules = (["system_event", "system_metrics"] as const).flatMap((blob) => [
    systemRule(
      blob,
      "system.{component}.{device}.{metric}",
      "^system\\.(?<component>gpu)\\.(?<device>\\d+)\\.(?<metric>.+)$",
    ),
    systemRule(blob, "system.{component}.{metric}", "^system\\.(?<component>[^.]+)\\.(?<metric>.+)$"),
    systemRule(blob, "system.{component}", "^system\\.(?<component>[^.]+)$"),
  ]);
  const runBlobs = ["run", "config", "summary", "system_info", "system_metrics"] as const;
  const misfitColumns = ["table", "column", "path", "json_type", "value_text"].map(text);
  return {
    format: 1,
    naming: "snake",
    serialized: [],
    retired: [],
    tables: [
      table("runs", "runs", key("run"), {
        columns: [column("history_rows", "int64", { computed: true }), ...blobColumns("config", config)],
        residuals: runBlobs.map((blob) => residual(blob)),
      }),
      table("history", "history", key("history"), {
        columns: [
          column("timestamp", "float64", { blob: "history", path: "/_timestamp" }),
          column("logged_at", "timestamp", { computed: true }),
          ...blobColumns("history", history),
        ],
        residuals: [residual("history")],
      }),
      table("system_metrics", "system_metrics", [...key("event"), text("component"), text("device"), text("metric")], {
        columns: [column("timestamp", "float64", { blob: "system_event", path: "/_timestamp" }), metric],
        residuals: [residual("system_event", "residual")],
        families: systemRules,
      }),
      table("sweeps", "sweeps", [text("entity"), text("project"), text("run_id")], {
        residuals: [residual("sweep", "residual")],
      }),
      family("config_fam", "config", key("run")),
      family("history_fam", "history", key("history")),
      table("misfits", "misfits", [...key("history"), ...misfitColumns.slice(0, 2)], {
        columns: misfitColumns.slice(2),
      }),
    ],
  };
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readJson } from "../../../../src/json/read.js";
import { readConfigYaml, YamlRefusal } from "../../../../src/sources/wandb-folder/run-files/config-yaml.js";
import { plainScalar, taggedScalar, type Writer } from "../../../../src/sources/wandb-folder/run-files/yaml-scalar.js";
import { differences } from "../../../end-to-end/differ.js";
import { DATA } from "../../../end-to-end/project.js";

/** Characters that end a line in YAML 1.1 and not in 1.2: a text with them may be refused, never misread. */
const OLD_BREAK = /[\u0085\u2028\u2029]/;

interface Written {
  readonly yaml: string;
  /** JSON text of the values. */
  readonly config: string;
}

function writtenBy(name: string): Written[] {
  const lines = readFileSync(join(DATA, "wandb_config_yaml", name), "utf8")
    .trimEnd()
    .split("\n");
  return lines.map((line) => {
    const node = readJson(line);
    if (node.kind !== "object") throw new Error(`no object: ${line}`);
    const text = (key: string) => {
      const value = node.members.find((member) => member.key === key)?.value;
      return line.slice(value?.start, value?.end);
    };
    return { yaml: String(JSON.parse(text("yaml"))), config: text("config") };
  });
}

describe.each([
  ["PyYAML, as Python clients", "pyyaml.jsonl", 12],
  ["yaml.v3, as wandb-core", "go_yaml.jsonl", 12],
])("what %s wrote", (_name, file, mostRefused) => {
  const written = writtenBy(file);

  it("is read as the values it was written from, without a finding", () => {
    expect(written.length).toBeGreaterThan(350);
    let refused = 0;
    for (const { yaml, config } of written) {
      const want = config.replace(/\{"number": "(-?Infinity)"\}/g, "$1");
      try {
        const read = readConfigYaml(yaml);
        const wrong = differences(want, read.config).filter((text) => !text.startsWith("/_wandb: extra"));
        expect([yaml, wrong, read.problems]).toEqual([yaml, [], []]);
      } catch (error) {
        if (!(error instanceof YamlRefusal)) throw error;
        expect(yaml).toMatch(OLD_BREAK);
        refused += 1;
      }
    }
    expect(refused).toBeLessThanOrEqual(mostRefused);
  });
});

const AMBIGUOUS = true;
const text = (value: string) => JSON.stringify(value);

/** Plain scalar, then its JSON in a file by PyYAML, by yaml.v3 and by nobody known, and where it is ambiguous. */
type Reading = readonly [string, boolean?];
const SCALARS: readonly (readonly [string, Reading, Reading, Reading])[] = [
  ["1e-05", [text("1e-05")], ["1e-05"], ["1e-05", AMBIGUOUS]],
  ["1e5", [text("1e5")], ["1e5", AMBIGUOUS], ["1e5", AMBIGUOUS]],
  ["1.0e-05", ["1.0e-05"], ["1.0e-05"], ["1.0e-05"]],
  ["1.5e3", [text("1.5e3")], ["1.5e3", AMBIGUOUS], ["1.5e3", AMBIGUOUS]],
  ["1_000", ["1000"], ["1000"], ["1000"]],
  ["1_000.5", ["1000.5"], ["1000.5"], ["1000.5"]],
  ["0o17", [text("0o17")], ["15", AMBIGUOUS], [text("0o17"), AMBIGUOUS]],
  ["017", ["15"], ["15"], ["15"]],
  ["08", [text("08")], ["8", AMBIGUOUS], [text("08"), AMBIGUOUS]],
  ["0x1F", ["31"], ["31"], ["31"]],
  ["0b101", ["5"], ["5"], ["5"]],
  ["12:30:45", ["45045", AMBIGUOUS], [text("12:30:45")], ["45045", AMBIGUOUS]],
  ["-190:20:30.15", ["-685230.15", AMBIGUOUS], [text("-190:20:30.15")], ["-685230.15", AMBIGUOUS]],
  ["yes", ["true", AMBIGUOUS], [text("yes")], ["true", AMBIGUOUS]],
  ["Off", ["false", AMBIGUOUS], [text("Off")], ["false", AMBIGUOUS]],
  ["y", [text("y")], [text("y")], [text("y")]],
  ["TRUE", ["true"], ["true"], ["true"]],
  ["~", ["null"], ["null"], ["null"]],
  ["", ["null"], ["null"], ["null"]],
  ["nULL", [text("nULL")], [text("nULL")], [text("nULL")]],
  [".inf", ["Infinity"], ["Infinity"], ["Infinity"]],
  ["-.INF", ["-Infinity"], ["-Infinity"], ["-Infinity"]],
  [".nan", ["NaN"], ["NaN"], ["NaN"]],
  ["+5", ["5"], ["5"], ["5"]],
  ["-0", ["-0"], ["-0"], ["-0"]],
  [".5", ["0.5"], ["0.5"], ["0.5"]],
  [".5e+3", ["0.5e+3"], ["0.5e+3"], ["0.5e+3"]],
  ["+.5e+3", [text("+.5e+3")], ["0.5e+3", AMBIGUOUS], [text("+.5e+3"), AMBIGUOUS]],
  ["5.", ["5.0"], ["5.0"], ["5.0"]],
  ["007.50", ["7.50"], ["7.50"], ["7.50"]],
  ["1180591620717411303424", ["1180591620717411303424"], ["1180591620717411303424"], ["1180591620717411303424"]],
  ["0.1234567890123456789", ["0.1234567890123456789"], ["0.1234567890123456789"], ["0.1234567890123456789"]],
  ["2020-01-01", [text("2020-01-01")], [text("2020-01-01")], [text("2020-01-01")]],
  [
    "2001-12-14t21:59:43Z",
    [text("2001-12-14t21:59:43Z")],
    [text("2001-12-14t21:59:43Z")],
    [text("2001-12-14t21:59:43Z")],
  ],
  ["<<", [text("<<")], [text("<<")], [text("<<")]],
  ["1.10.0", [text("1.10.0")], [text("1.10.0")], [text("1.10.0")]],
  ["0b", [text("0b")], [text("0b")], [text("0b")]],
  ["_1", [text("_1")], [text("_1")], [text("_1")]],
];

describe("a plain scalar", () => {
  it.each(SCALARS)("%s", (scalar, ...values) => {
    const WRITERS: readonly Writer[] = ["pyyaml", "go-yaml", "unknown"];
    const got = WRITERS.map((writer) => plainScalar(scalar, writer));
    expect(got).toEqual(values.map(([json, isAmbiguous = false]) => ({ json, isAmbiguous })));
  });

  it.each([
    ["12", "tag:yaml.org,2002:python/long", "12"],
    ["12", "tag:yaml.org,2002:str", '"12"'],
    ["1e5", "tag:yaml.org,2002:float", "1e5"],
    ["caf\u00e9", "tag:yaml.org,2002:python/unicode", '"café"'],
    ["", "tag:yaml.org,2002:python/none", "null"],
    ["many", "tag:yaml.org,2002:int", undefined],
    ["R0lGOD", "tag:yaml.org,2002:binary", undefined],
    ["x", "!mine", undefined],
  ])("%s with the tag %s", (scalar, tag, json) => {
    expect(taggedScalar(scalar, tag)).toBe(json);
  });
});

const PYTHON = "wandb_version: 1\n\n";

describe("a config.yaml", () => {
  it("is unwrapped key by key; descriptions go apart", () => {
    const read = readConfigYaml(
      `${PYTHON}lr:\n  desc: step size\n  value: 1.0e-05\nbare: 3\nown:\n  value: 1\n  more: 2\nnone:\n  desc: null\n  value: null\nonly:\n  desc: x\n`,
    );
    expect(read).toEqual({
      config: '{"lr":1.0e-05,"bare":3,"own":{"value":1,"more":2},"none":null,"only":{"desc":"x"}}',
      descriptions: '{"lr":"step size"}',
      version: undefined,
      problems: [],
    });
  });

  it("keeps a version that is not known", () => {
    expect(readConfigYaml("wandb_version: 2\na: 1\n")).toMatchObject({ config: '{"a":1}', version: "2" });
    expect(readConfigYaml("wandb_version: 1")).toMatchObject({ config: "{}", version: undefined });
  });

  it("keys are what JSON makes of them", () => {
    const read = readConfigYaml(`${PYTHON}1: a\ntrue: b\nnull: c\n1.5: d\n'yes': e\n? [1, x]\n: f\n__proto__: g\n`);
    expect(read.config).toBe('{"1":"a","true":"b","null":"c","1.5":"d","yes":"e","[1,\\"x\\"]":"f","__proto__":"g"}');
    expect(read.problems.map((item) => item.message)).toEqual(["a key that is no scalar became a text"]);
  });

  it("keeps both values of a key that is there twice", () => {
    expect(readConfigYaml(`${PYTHON}a: 1\na: {b: 1, b: 2}\n`).config).toBe('{"a":1,"a":{"b":1,"b":2}}');
  });

  it("writes out what aliases stand for", () => {
    const read = readConfigYaml(`${PYTHON}a:\n  desc: null\n  value: &id001 [1, &x 2]\nb: *id001\nc: &x 3\nd: *x\n`);
    expect(read.config).toBe('{"a":[1,2],"b":[1,2],"c":3,"d":3}');
  });

  it("reads Python's tags; tells of those that JSON has nothing for", () => {
    const read = readConfigYaml(
      `${PYTHON}a: !!python/tuple [1, 2]\nb: !!python/unicode 'x'\nc: !!python/object:numpy.dtype {kind: f8}\nd: !!binary R0lG\ne: !!set {x: null}\n`,
    );
    expect(read.config).toBe('{"a":[1,2],"b":"x","c":{"kind":"f8"},"d":"R0lG","e":{"x":null}}');
    expect(read.problems.map(({ path, evidence }) => [path, evidence])).toEqual([
      [["c"], "tag:yaml.org,2002:python/object:numpy.dtype"],
      [["d"], "tag:yaml.org,2002:binary R0lG"],
      [["e"], "tag:yaml.org,2002:set"],
    ]);
  });

  it("tells where a value has two readings", () => {
    const handMade = readConfigYaml("lr: 1e-5\nuse: yes\nwarm: 12:30\n");
    expect(handMade.config).toBe('{"lr":1e-5,"use":true,"warm":750}');
    expect(handMade.problems).toEqual([
      { path: ["lr"], message: "it was read as 1e-5", evidence: "1e-5" },
      { path: ["use"], message: "it was read as true", evidence: "yes" },
      { path: ["warm"], message: "it was read as 750", evidence: "12:30" },
    ]);
    const merged = readConfigYaml(`${PYTHON}a: &x {b: 1}\nc:\n  <<: *x\n`);
    expect(merged.config).toBe('{"a":{"b":1},"c":{"<<":{"b":1}}}');
    expect(merged.problems.map((item) => item.path)).toEqual([["c", "<<"]]);
  });

  it("folds lines as YAML does", () => {
    const read = readConfigYaml(
      `${PYTHON}a: 'two\n\n  lines'\nb: one\n  line\nc: "x\\\n  y\\u2028\\xe9"\nd: |\n  kept\n   as is\ne: >-\n  to\n  one\nf: 'x\u2028  y\u2028\n  z'\n`,
    );
    expect(JSON.parse(read.config)).toEqual({
      a: "two\nlines",
      b: "one line",
      c: "xy\u2028\u00e9",
      d: "kept\n as is\n",
      e: "to one",
      f: "x\u2028y\u2028\nz",
    });
  });

  const deep = (open: string, close: string, count: number) => `a: ${open.repeat(count)}${close.repeat(count)}\n`;
  const laughs = (): string => {
    const lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"];
    for (let i = 1; i < 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    return `${lines.join("\n")}\n`;
  };

  it.each([
    ["no YAML", "a: [1, 2\nb: }\n", /it is no YAML: .* \(line \d+, column \d+\)/],
    ["a list", "- 1\n- 2\n", "no mapping"],
    ["nothing", "", "no mapping"],
    ["two documents", "a: 1\n---\nb: 2\n", "not one YAML document"],
    ["an alias of nothing", "a: *x\n", "has no anchor before it"],
    ["an alias before its anchor", "a: *x\nb: &x 1\n", "has no anchor before it"],
    ["a value that holds itself", "a: &x [1, *x]\n", "holds itself"],
    ["a deep value", deep("[", "]", 600), "deeper than 500"],
    ["a very deep value", deep("[", "]", 50_000), "deeper than 500"],
    ["a billion laughs", laughs(), "too long"],
    ["a line end of YAML 1.1 in a block", "a: |\n  x\u2028  y\n", "U+2028"],
  ])("refuses %s", (_name, yaml, message) => {
    const read = () => readConfigYaml(yaml);
    expect(read).toThrow(YamlRefusal);
    expect(read).toThrow(message);
  });
});

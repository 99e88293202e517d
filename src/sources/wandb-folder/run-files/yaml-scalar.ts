/**
 * What a plain scalar of a config.yaml means. Two programs wrote these files: PyYAML's SafeDumper (clients up to 0.17; YAML
 * 1.1, https://github.com/yaml/pyyaml/blob/main/lib/yaml/resolver.py) and Go's yaml.v3 (wandb-core, 0.18 and later,
 * https://github.com/go-yaml/yaml/blob/v3/resolve.go). Each quotes the strings that it would itself read as something else,
 * so that `1e-05` is a string to the one and a number to the other.
 */

/** Which program wrote a file; `unknown` when nothing in it says so. */
export type Writer = "pyyaml" | "go-yaml" | "unknown";

/** The value of a scalar as JSON text; numbers have every digit. */
export interface ScalarValue {
  readonly json: string;
  /** Whether the two programs read it differently and the file's own writer would not have written it so. */
  readonly isAmbiguous: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  json(text: string): string;
}

const TRUE = /^(?:yes|true|on)$/i;

/** JSON of an integer in any base, or of base 60. */
function integerJson(text: string): string {
  const digits = text.replace(/^[-+]|_/g, "");
  const sign = text.startsWith("-") ? "-" : "";
  if (digits.includes(":")) {
    const value = digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
    return `${sign}${value}`;
  }
  return `${sign}${BigInt(digits.replace(/^0(?=[0-7])/, "0o"))}`;
}

/** JSON of a float: its own digits, with what JSON wants of a number. */
function floatJson(text: string): string {
  const sign = text.startsWith("-") ? "-" : "";
  const digits = text.replace(/^[-+]|_/g, "");
  const parts = digits.split(":");
  const last = parts.pop() ?? "";
  const [, whole = "", fraction, power = ""] = /^(\d*)(?:\.(\d*))?(.*)$/.exec(last) ?? [];
  const minutes = parts.reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  const integer = String(minutes * 60n + BigInt(whole === "" ? "0" : whole));
  return `${sign}${integer}${fraction === undefined ? "" : `.${fraction === "" ? "0" : fraction}`}${power}`;
}

const infinityJson = (text: string): string => (text.startsWith("-") ? "-Infinity" : "Infinity");

const NULL: Rule = { pattern: /^(?:~|null|Null|NULL|)$/, json: () => "null" };
const INFINITY: Rule = { pattern: /^[-+]?\.(?:inf|Inf|INF)$/, json: infinityJson };
const NAN: Rule = { pattern: /^\.(?:nan|NaN|NAN)$/, json: () => "NaN" };

/** PyYAML's implicit types. Dates and what no rule takes are strings. */
const PYYAML: readonly Rule[] = [
  NULL,
  INFINITY,
  NAN,
  {
    pattern: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    json: (text) => String(TRUE.test(text)),
  },
  {
    pattern:
      /^(?:[-+]?0b[01_]*[01][01_]*|[-+]?0[0-7_]*[0-7][0-7_]*|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    json: integerJson,
  },
  {
    pattern:
      /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/,
    json: floatJson,
  },
];

/** The types that yaml.v3 resolves; it takes underscores out of numbers first. */
const GO_YAML: readonly Rule[] = [
  NULL,
  INFINITY,
  NAN,
  { pattern: /^(?:true|True|TRUE|false|False|FALSE)$/, json: (text) => String(TRUE.test(text)) },
  {
    pattern:
      /^[-+]?(?:0|[1-9][0-9_]*|0_*[0-7][0-7_]*|0[oO]_*[0-7][0-7_]*|0[bB]_*[01][01_]*|0[xX]_*[0-9a-fA-F][0-9a-fA-F_]*)$/,
    json: (text) => integerJson(text.toLowerCase()),
  },
  { pattern: /^[-+]?(?:\.[0-9_]*[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/, json: floatJson },
];

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What a program writes without quotes that is no string. */
const WRITTEN: Readonly<Record<Exclude<Writer, "unknown">, RegExp>> = {
  pyyaml: /^(?:null|true|false|-?\.inf|\.nan|-?(?:0|[1-9]\d*)(?:\.\d+(?:e[+-]\d+)?)?)$/,
  "go-yaml": /^(?:null|true|false|-?\.inf|\.nan|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]\d+)?)$/,
};

function read(text: string, rules: readonly Rule[]): string {
  return rules.find((rule) => rule.pattern.test(text))?.json(text) ?? JSON.stringify(text);
}

/**
 * The value of a plain scalar without a tag: what the file's writer meant by it. Where nothing says who wrote the file, a
 * text that is a JSON number is that number, and all else is what PyYAML, which every client reads with, takes it for.
 */
export function plainScalar(text: string, writer: Writer): ScalarValue {
  const [python, go] = [read(text, PYYAML), read(text, GO_YAML)];
  if (python === go) return { json: python, isAmbiguous: false };
  if (writer === "unknown") return { json: JSON_NUMBER.test(text) ? text : python, isAmbiguous: true };
  const json = writer === "pyyaml" ? python : go;
  return { json, isAmbiguous: !(json.startsWith('"') || WRITTEN[writer].test(text)) };
}

const STRING = "str";
/** What YAML's own tags and PyYAML's Python tags say of a scalar; a tag that is not here says nothing that JSON can. */
const TAGS: ReadonlyMap<string, string> = new Map([
  ["tag:yaml.org,2002:str", STRING],
  ["tag:yaml.org,2002:int", "int"],
  ["tag:yaml.org,2002:float", "float"],
  ["tag:yaml.org,2002:bool", "bool"],
  ["tag:yaml.org,2002:null", "null"],
  ["tag:yaml.org,2002:timestamp", STRING],
  ["tag:yaml.org,2002:python/str", STRING],
  ["tag:yaml.org,2002:python/unicode", STRING],
  ["tag:yaml.org,2002:python/int", "int"],
  ["tag:yaml.org,2002:python/long", "int"],
  ["tag:yaml.org,2002:python/float", "float"],
  ["tag:yaml.org,2002:python/bool", "bool"],
  ["tag:yaml.org,2002:python/none", "null"],
  ["!", STRING],
]);

/** The value of a scalar with a tag; undefined when JSON has no value like it. */
export function taggedScalar(text: string, tag: string): string | undefined {
  const kind = TAGS.get(tag);
  if (kind === undefined) return undefined;
  const json = read(text, PYYAML);
  if (kind === STRING) return JSON.stringify(text);
  return json.startsWith('"') && !JSON_NUMBER.test(text) ? undefined : json.startsWith('"') ? text : json;
}

import { isMap, isScalar, type Node, type YAMLMap } from "yaml";
import { readYaml, type YamlProblem, YamlRefusal, YamlToJson } from "./yaml-json.js";
import type { Writer } from "./yaml-scalar.js";

/** What a config.yaml says. */
export interface ConfigFile {
  /** The config, unwrapped, as JSON text. */
  readonly config: string;
  /** The descriptions that are not null, by key, as JSON text; undefined when there is none. */
  readonly descriptions: string | undefined;
  /** `wandb_version` as JSON text, when it is not the known one. */
  readonly version: string | undefined;
  readonly problems: readonly YamlProblem[];
}

const VERSION = "wandb_version";
const KNOWN_VERSION = "1";

const textOf = (node: unknown): unknown => (isScalar(node) ? node.value : undefined);
const find = (map: YAMLMap, key: string): unknown => map.items.find((pair) => textOf(pair.key) === key)?.value;

/**
 * Who wrote a file: Python clients begin every file with `wandb_version`, wandb-core writes none; both have a key
 * `_wandb` with a value of their own.
 */
function writerOf(root: YAMLMap): Writer {
  if (find(root, VERSION) !== undefined) return "pyyaml";
  const own = find(root, "_wandb");
  return isMap(own) && isMap(find(own, "value")) ? "go-yaml" : "unknown";
}

/** The parts of `{value, desc}`; undefined for anything else. */
function unwrap(
  node: Node | null,
  json: YamlToJson,
): { readonly value: Node | null; readonly description: Node | null } | undefined {
  const target = json.target(node);
  if (!isMap(target)) return undefined;
  const find = (name: string) => target.items.find((pair) => textOf(pair.key) === name);
  const [value, description] = [find("value"), find("desc")];
  const isOther = target.items.length !== (value === undefined ? 0 : 1) + (description === undefined ? 0 : 1);
  if (value === undefined || isOther) return undefined;
  return { value: value.value as Node | null, description: (description?.value ?? null) as Node | null };
}

function objectOf(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}

/**
 * Reads a config.yaml of any client. Keys are unwrapped from `{value, desc}`; a key that is not wrapped so stays as it is.
 * Numbers keep every digit.
 * @throws YamlRefusal when the text cannot be read as a whole.
 */
export function readConfigYaml(text: string): ConfigFile {
  const document = readYaml(text);
  const { root } = document;
  const json = new YamlToJson(document, writerOf(root));
  const config: [string, string][] = [];
  const descriptions: [string, string][] = [];
  let version: string | undefined;
  for (const { key, value } of json.pairs(root)) {
    if (key === VERSION) {
      const found = json.json(value, key);
      if (found !== KNOWN_VERSION) version = found;
      continue;
    }
    const parts = unwrap(value, json);
    config.push([key, json.json(parts === undefined ? value : parts.value, key)]);
    const description = parts === undefined ? "null" : json.json(parts.description, key);
    if (description !== "null") descriptions.push([key, description]);
  }
  return {
    config: objectOf(config),
    descriptions: descriptions.length === 0 ? undefined : objectOf(descriptions),
    version,
    problems: json.problems,
  };
}

export { YamlRefusal };

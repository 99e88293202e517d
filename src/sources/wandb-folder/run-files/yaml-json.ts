import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { plainScalar, taggedScalar, type Writer } from "./yaml-scalar.js";

/** Why a YAML text cannot be used as a whole. */
export class YamlRefusal extends Error {}

/** Something in a value that JSON cannot say, or that can be read in more than one way; `path` is where. */
export interface YamlProblem {
  readonly path: readonly string[];
  readonly message: string;
  readonly evidence: string;
}

const MAX_DEPTH = 500;
/** Most characters of JSON that a file may become, beside 16 times its own: aliases can make a small text huge. */
const MAX_LENGTH = 1024 * 1024;

/** Tags of collections that say no more than the collection does. */
const COLLECTIONS: ReadonlySet<string> = new Set(
  ["seq", "map", "python/list", "python/tuple", "python/dict"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Line ends that YAML 1.1 knows and the library does not. */
const OLD_BREAK = /[\u0085\u2028\u2029]/;
const FOLDED = /[ \t]*(\r\n|[\r\n\u0085\u2028\u2029])((?:[ \t]*(?:\r\n|[\r\n\u0085\u2028\u2029]))*)[ \t]*/g;
const BREAKS = /\r\n|[\r\n\u0085\u2028\u2029]/g;

const normalBreak = (text: string): string => (text === "\u2028" || text === "\u2029" ? text : "\n");

/** A single-quoted scalar unfolded as YAML 1.1 has it, where U+0085, U+2028 and U+2029 end a line too. */
function unfolded(source: string): string {
  const folded = source.slice(1, -1).replace(FOLDED, (_, first: string, more: string) => {
    const rest = (more.match(BREAKS) ?? []).map(normalBreak).join("");
    const own = normalBreak(first);
    return (own === "\n" ? (rest === "" ? " " : "") : own) + rest;
  });
  return folded.replaceAll("''", "'");
}

/** A document whose root is a mapping. */
export interface YamlDocument {
  readonly root: YAMLMap;
  /** What each alias stands for; one that is not here stands for nothing. */
  readonly targets: ReadonlyMap<Alias, Node>;
  /** Characters of the text. */
  readonly length: number;
}

/** What aliases stand for: the last node before them with their anchor. */
function targetsOf(document: Document.Parsed): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** How deep a token nests. The library's composer recurses, so that too deep a text would end the process. */
function depthOf(token: CST.Token): number {
  let deepest = 0;
  const todo: { token: CST.Token; depth: number }[] = [{ token, depth: 0 }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { token: open } = next;
    const depth = next.depth + 1;
    deepest = Math.max(deepest, depth);
    if (open.type === "document" && open.value !== undefined) todo.push({ token: open.value, depth });
    for (const item of "items" in open ? open.items : []) {
      for (const part of [item.key, item.value]) if (part) todo.push({ token: part, depth });
    }
  }
  return deepest;
}

/**
 * Reads a YAML text of one document whose root is a mapping.
 * @throws YamlRefusal when it is anything else.
 */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (tokens.some((token) => depthOf(token) > MAX_DEPTH)) throw new YamlRefusal(`it nests deeper than ${MAX_DEPTH}`);
  const composer = new Composer({
    schema: "failsafe",
    version: "1.1",
    uniqueKeys: false,
    merge: false,
    strict: false,
    prettyErrors: false,
    keepSourceTokens: true,
  });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined || second !== undefined) throw new YamlRefusal("it is not one YAML document");
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new YamlRefusal(`it is no YAML: ${error.message} (line ${line}, column ${col})`);
  }
  if (!isMap(document.contents)) throw new YamlRefusal("it is no mapping of keys to values");
  return { root: document.contents, targets: targetsOf(document), length: text.length };
}

/** A mapping's pair with its key as JSON has it. */
export interface KeyedPair {
  readonly key: string;
  readonly value: Node | null;
}

/** Turns the nodes of a document into JSON texts. */
export class YamlToJson {
  readonly problems: YamlProblem[] = [];
  readonly #writer: Writer;
  readonly #targets: YamlDocument["targets"];
  readonly #open = new Set<Node>();
  /** Where the node that is being written stands. */
  readonly #path: string[] = [];
  /** Characters that may still be written. */
  #room: number;

  constructor(document: YamlDocument, writer: Writer) {
    this.#targets = document.targets;
    this.#room = MAX_LENGTH + 16 * document.length;
    this.#writer = writer;
  }

  /** The pairs of a mapping, in order, repeated keys too. */
  pairs(map: YAMLMap): KeyedPair[] {
    return map.items.map((pair) => ({ key: this.#key(pair.key as Node | null), value: pair.value as Node | null }));
  }

  /** What an alias stands for; any other node is itself. @throws YamlRefusal when it stands for nothing. */
  target(node: Node | null): Node | null {
    if (!isAlias(node)) return node;
    const found = this.#targets.get(node);
    if (found === undefined) throw new YamlRefusal(`the alias *${node.source} has no anchor before it`);
    return found;
  }

  /**
   * The JSON text of a member of what is being written.
   * @throws YamlRefusal when the value holds itself, is too deep or becomes too long.
   */
  json(given: Node | null, name: string): string {
    const node = this.target(given);
    if (node === null) return "null";
    if (this.#open.has(node)) throw new YamlRefusal("a value holds itself");
    if (this.#path.length >= MAX_DEPTH) throw new YamlRefusal(`it nests deeper than ${MAX_DEPTH}`);
    this.#path.push(name);
    this.#open.add(node);
    const text = isScalar(node) ? this.#scalar(node) : this.#collection(node);
    this.#room -= isScalar(node) ? text.length : 2;
    if (this.#room < 0) throw new YamlRefusal("its aliases make it too long");
    this.#open.delete(node);
    this.#path.pop();
    return text;
  }

  #collection(node: Node): string {
    if (node.tag !== undefined && !COLLECTIONS.has(node.tag)) this.#tell("its tag was left out", node.tag);
    if (isSeq(node)) {
      return `[${node.items.map((item, i) => this.json(item as Node | null, String(i))).join(",")}]`;
    }
    if (!isMap(node)) throw new YamlRefusal("it holds a node that is no value");
    const members = this.pairs(node).map(({ key, value }) => `${JSON.stringify(key)}:${this.json(value, key)}`);
    return `{${members.join(",")}}`;
  }

  #scalar(node: Scalar): string {
    const text = this.#content(node);
    if (node.tag !== undefined) {
      const json = taggedScalar(text, node.tag);
      if (json === undefined) this.#tell("its tag was left out", `${node.tag} ${text}`);
      return json ?? JSON.stringify(text);
    }
    if (node.type !== Scalar.PLAIN) return JSON.stringify(text);
    const { json, isAmbiguous } = plainScalar(text, this.#writer);
    if (isAmbiguous) this.#tell(`it was read as ${json}`, text);
    return json;
  }

  #content(node: Scalar): string {
    const text = String(node.value ?? "");
    if (!OLD_BREAK.test(text)) return text;
    const token = node.srcToken;
    const source = token !== undefined && "source" in token ? token.source : "";
    if (node.type === Scalar.QUOTE_SINGLE) return unfolded(source);
    if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) {
      throw new YamlRefusal(
        "a block of text has U+0085, U+2028 or U+2029, which end a line in YAML 1.1 and not in 1.2",
      );
    }
    if (node.type !== Scalar.QUOTE_DOUBLE) this.#tell("line ends beside \\n may have changed in it", text);
    return text;
  }

  #key(node: Node | null): string {
    const target = this.target(node);
    const json = this.json(target, "");
    if (json.startsWith('"')) {
      const key: unknown = JSON.parse(json);
      const isMerge = key === "<<" && isScalar(target) && target.type === Scalar.PLAIN;
      if (isMerge && this.#writer !== "go-yaml") {
        this.#tell("it was kept as a key; YAML 1.1 would merge its value", "<<", ["<<"]);
      }
      return String(key);
    }
    if (target !== null && !isScalar(target)) this.#tell("a key that is no scalar became a text", json, [json]);
    return json;
  }

  #tell(message: string, evidence: string, below: readonly string[] = []): void {
    this.problems.push({ path: [...this.#path, ...below], message, evidence: evidence.slice(0, 200) });
  }
}

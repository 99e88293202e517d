import { hasDuplicateKey } from "../../json/duplicate-key.js";
import type { JsonObject } from "../../json/read.js";
import {
  isObject,
  type Located,
  locate,
  type MemberText,
  memberOf,
  membersOf,
  objectText,
  sameJson,
  textOf,
} from "./json-object.js";
import { differs, encode, type RunDraft } from "./run-draft.js";

/** The members of a config in the form of W&B's API, where each value is wrapped in an object {value, desc}. */
function unwrap(config: Located<JsonObject>): { values: Map<string, Located>; descriptions: MemberText[] } {
  const members = membersOf(config);
  const wrapped = members.map(({ value }) => (isObject(value) ? wrappedValue(value) : undefined));
  if (members.length === 0 || wrapped.some((item) => item === undefined)) {
    return { values: new Map(members.map((item) => [item.key, item.value])), descriptions: [] };
  }
  const values = new Map<string, Located>();
  const descriptions: MemberText[] = [];
  for (const [i, { key }] of members.entries()) {
    const item = wrapped[i];
    if (item === undefined) continue;
    values.set(key, item.value);
    if (item.description !== undefined) descriptions.push({ key, text: textOf(item.description) });
  }
  return { values, descriptions };
}

function wrappedValue(item: Located<JsonObject>): { value: Located; description: Located | undefined } | undefined {
  const value = memberOf(item, "value");
  const description = memberOf(item, "desc");
  const others = item.node.members.length - (value === undefined ? 0 : 1) - (description === undefined ? 0 : 1);
  if (value === undefined || others !== 0) return undefined;
  return { value, description: description?.node.kind === "null" ? undefined : description };
}

/**
 * The node's `rawconfig` is the config once more, with W&B's own `_wandb`, which the config column lacks: that member
 * moves to the config blob, descriptions to the run blob's `config_desc`, and the rest is dropped when it is the same.
 */
export function takeRawConfig(draft: RunDraft): void {
  const raw = draft.member("rawconfig");
  if (raw === undefined || !isObject(raw)) return;
  const { values, descriptions } = unwrap(raw);
  if (!coversConfig(draft, values)) {
    differs(draft, "rawconfig", "config");
    return;
  }
  if (descriptions.length > 0) draft.keep("config_desc", objectText(descriptions));
  draft.members.delete("rawconfig");
}

/** Whether the config blob says all that the raw config says, once `_wandb` was taken from it. */
function coversConfig(draft: RunDraft, values: ReadonlyMap<string, Located>): boolean {
  const bytes = draft.blobs.config;
  if (bytes === undefined) {
    draft.blobs.config = encode(objectText([...values].map(([key, value]) => ({ key, text: textOf(value) }))));
    return true;
  }
  const config = locate(bytes);
  if ("problem" in config || !isObject(config) || hasDuplicateKey(config.node)) return false;
  mergeWandb(draft, config, values);
  return sameConfig(config, values);
}

function mergeWandb(draft: RunDraft, config: Located<JsonObject>, values: ReadonlyMap<string, Located>): void {
  const own = values.get("_wandb");
  if (own === undefined || memberOf(config, "_wandb") !== undefined) return;
  draft.blobs.config = encode(objectText([...membersOf(config), { key: "_wandb", text: textOf(own) }]));
}

/** Whether the config, which has no key twice, says the same as the raw one; `_wandb` may be missing in it. */
function sameConfig({ text, node }: Located<JsonObject>, values: ReadonlyMap<string, Located>): boolean {
  const own = new Map(node.members.map(({ key, value }) => [key, value]));
  const same = [...own].every(([key, value]) => {
    const raw = values.get(key);
    return raw !== undefined && sameJson({ text, node: value }, raw);
  });
  return same && [...values.keys()].every((key) => own.has(key) || key === "_wandb");
}

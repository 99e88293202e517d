import { isObject, type SchemaObject } from "./json-schema.js";

/** `#/$defs/image` to `image`, `#` to itself. */
const definitionName = (ref: string): string => ref.replace(/^#\/\$defs\//, "");

/** The definitions (`#` for the root) that a type schema is made of in place: by `$ref`, `allOf` and `anyOf`, not by members or items. */
function partsInPlace(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const ref = schema["$ref"];
  const branches = ["allOf", "anyOf"].flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list) ? list : [];
  });
  return [...(typeof ref === "string" ? [definitionName(ref)] : []), ...branches.flatMap(partsInPlace)];
}

/**
 * The first definition that is made of itself, directly or through others, so that no value has a finite check and no
 * type a finite form; undefined when there is none.
 */
export function selfMadeDefinition(definitions: SchemaObject): string | undefined {
  const finished = new Set<string>();
  const endless = (name: string, above: readonly string[]): boolean => {
    if (above.includes(name)) return true;
    if (finished.has(name)) return false;
    const found = partsInPlace(definitions[name]).some((part) => endless(part, [...above, name]));
    finished.add(name);
    return found;
  };
  return Object.keys(definitions).find((name) => endless(name, []));
}

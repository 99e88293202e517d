import { decimalOf } from "../../src/json/number.js";
import { type JsonNode, readJson } from "../../src/json/read.js";

const isInteger = (token: string): boolean => /^-?\d+$/.test(token);

function sameNumber(a: string, b: string): boolean {
  if (a === b) return true;
  const x = decimalOf(a);
  const y = decimalOf(b);
  if (x === undefined || y === undefined) return false;
  if (x.digits === y.digits && x.exponent === y.exponent && x.negative === y.negative) return true;
  return !isInteger(a) && Number.isFinite(Number(a)) && Object.is(Number(a), Number(b));
}

function same(a: JsonNode, aText: string, b: JsonNode, bText: string): boolean {
  if (a.kind === "number" && b.kind === "number")
    return sameNumber(aText.slice(a.start, a.end), bText.slice(b.start, b.end));
  if (a.kind === "string" && b.kind === "string") return a.value === b.value;
  if (a.kind === "boolean" && b.kind === "boolean") return a.value === b.value;
  if (a.kind === "array" && b.kind === "array") {
    return (
      a.items.length === b.items.length && a.items.every((item, i) => same(item, aText, b.items[i] as JsonNode, bText))
    );
  }
  if (a.kind === "object" && b.kind === "object") {
    const other = new Map(b.members.map((member) => [member.key, member.value]));
    if (a.members.length !== b.members.length) return false;
    return a.members.every((member) => {
      const twin = other.get(member.key);
      return twin !== undefined && same(member.value, aText, twin, bText);
    });
  }
  return a.kind === b.kind;
}

/**
 * Whether two JSON texts say the same: members in any order, integers digit by digit, other numbers as decimals or else
 * as the nearest double with its sign of zero, all else exactly.
 */
export function sameJson(a: string, b: string): boolean {
  return same(readJson(a), a, readJson(b), b);
}

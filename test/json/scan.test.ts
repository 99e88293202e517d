import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isText, MemberWalk, skipSpace } from "../../src/json/scan.js";

function walked(text: string): { members: [string, string][]; closed: boolean } {
  const bytes = Buffer.from(`xx${text}yy`);
  const walk = new MemberWalk();
  const members: [string, string][] = [];
  walk.begin(bytes, 2, bytes.length - 2);
  while (walk.next()) {
    const key = bytes.toString("utf8", walk.keyFrom, walk.keyTo);
    members.push([key, bytes.toString("utf8", walk.valueFrom, walk.valueTo)]);
  }
  return { members, closed: walk.isWhole };
}

describe("MemberWalk", () => {
  it("law: gives the members of any object, in order, as they are spelled", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1), (object, indent) => {
        const want = Object.entries(object).map(([key, value]) => [JSON.stringify(key).slice(1, -1), value]);
        const { members, closed } = walked(JSON.stringify(object, null, indent));
        expect(members.map(([key, text]) => [key, JSON.parse(text)])).toEqual(
          want.map(([key, value]) => [key, JSON.parse(JSON.stringify(value))]),
        );
        expect(closed).toBe(true);
      }),
    );
  });

  it("law: no prefix of an object is closed", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (object, cut) => {
        const text = JSON.stringify(object);
        const prefix = Buffer.from(text)
          .subarray(0, cut % Buffer.byteLength(text))
          .toString("latin1");
        expect(walked(prefix).closed).toBe(false);
      }),
    );
  });

  it.each([
    ["", false, 0],
    ["[1]", false, 0],
    ["{}", true, 0],
    [" { } ", true, 0],
    ['{"a":1} x', false, 1],
    ['{"a":1,}', false, 1],
    ['{"a" 1}', false, 0],
    ['{"a":}', false, 0],
    ['{"a":"b', false, 0],
    ['{"a":{"b":"}"}', false, 1],
    ['{"a":1 "b":2}', false, 1],
    ['{"a":NaN,"a":[{}]}', true, 2],
    ["{a:1}", false, 0],
  ])("%s", (text, closed, count) => {
    const found = walked(text);
    expect([found.closed, found.members.length]).toEqual([closed, count]);
  });
});

it("skipSpace and isText", () => {
  const bytes = Buffer.from(' \n"a"');
  expect([skipSpace(bytes, 0, 5), skipSpace(bytes, 0, 1)]).toEqual([2, 1]);
  expect([isText(bytes, 3, 4, "a"), isText(bytes, 3, 5, "a"), isText(bytes, 3, 4, "b")]).toEqual([true, false, false]);
});

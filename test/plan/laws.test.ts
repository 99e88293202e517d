import fc from "fast-check";
import { expect, test } from "vitest";
import { foldName } from "../../src/plan/names.js";
import type { Plan } from "../../src/plan/plan.js";
import { planText, readPlan } from "../../src/plan/plan-text.js";
import { planColumns } from "../../src/plan/planner.js";
import { publishedColumns } from "../../src/plan/record.js";
import { loadRegistry } from "../../src/schema/registry.js";
import { META_SCHEMA } from "../schema/fixture.js";

/** Declared keys, each with the fragment that describes it; an object is a nested tree. */
type Tree = { readonly [key: string]: Tree | "number" | "string" | "integer" };
interface Project {
  readonly config: Tree;
  readonly "history-row": Tree;
}

const KEYS = ["loss", "Loss", "train/loss", "train.loss", "train", "a.b", "a", "b", "step", "損失", "", "x".repeat(80)];
const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...KEYS) }, fc.string({ unit: "binary", maxLength: 6 }));
const leaf = fc.constantFrom("number" as const, "string" as const, "integer" as const);
const leaves: fc.Arbitrary<Tree> = fc.dictionary(key, leaf, { maxKeys: 4, noNullPrototype: true });
const tree: fc.Arbitrary<Tree> = fc.dictionary(key, fc.oneof({ weight: 3, arbitrary: leaf }, leaves), {
  maxKeys: 8,
  noNullPrototype: true,
});
const project: fc.Arbitrary<Project> = fc.record({ config: tree, "history-row": tree });
const naming = fc.constantFrom("snake" as const, "verbatim" as const);

type Recorded = (blob: "config" | "history", path: readonly string[]) => { id: number; name: string } | undefined;
const none: Recorded = () => undefined;

function fragment(of: Tree[string], path: string[], blob: "config" | "history", recorded: Recorded): object {
  if (typeof of === "string") {
    const published = recorded(blob, path);
    return { type: of, ...(published === undefined ? {} : { "x-column": published }) };
  }
  const members = Object.entries(of).map(([name, child]) => [name, fragment(child, [...path, name], blob, recorded)]);
  return { type: "object", properties: Object.fromEntries(members) };
}

function files(of: Project, recorded: Recorded, retired: readonly object[] = []): Map<string, string> {
  const config = { ...fragment(of.config, [], "config", recorded), "x-column": { retired } };
  const history = fragment(of["history-row"], [], "history", recorded);
  return new Map([
    ["schemas/config.schema.json", JSON.stringify(config)],
    ["schemas/history-row.schema.json", JSON.stringify(history)],
  ]);
}

const META = new Map([["x-column.schema.json", META_SCHEMA]]);
const planOf = (of: Project, style: "snake" | "verbatim", recorded = none, retired: readonly object[] = []): Plan =>
  planColumns(loadRegistry(META, files(of, recorded, retired)), { naming: style }).plan;

/** Id and name of every column with a path. */
function columns(plan: Plan): Map<string, string> {
  const all = plan.tables.flatMap((table) => table.columns.map((column) => ({ table: table.name, ...column })));
  const declared = all.filter((column) => column.path !== undefined && column.name !== "value");
  return new Map(
    declared.map((column) => [`${column.blob} ${column.path}`, `${column.table} ${column.id} ${column.name}`]),
  );
}

/** `b` added to `a`: what is in `a` stays. */
function merged(a: Tree, b: Tree): Tree {
  const entries = Object.entries(a).map(([name, of]) => {
    const more = Object.hasOwn(b, name) ? b[name] : undefined;
    return [name, typeof of === "object" && typeof more === "object" ? merged(of, more) : of];
  });
  const fresh = Object.entries(b).filter(([name]) => !Object.hasOwn(a, name));
  return Object.fromEntries([...fresh, ...entries]);
}
const mergedProject = (a: Project, b: Project): Project => ({
  config: merged(a.config, b.config),
  "history-row": merged(a["history-row"], b["history-row"]),
});

test("same schemas in any order of files, same bytes", () => {
  fc.assert(
    fc.property(project, naming, (of, style) => {
      const there = files(of, none);
      const back = new Map([...there].reverse());
      const text = (map: Map<string, string>): string =>
        planText(planColumns(loadRegistry(META, map), { naming: style }).plan);
      expect(text(back)).toBe(text(there));
    }),
    { numRuns: 40 },
  );
});

test("ids and names of a table differ, names regardless of case; reading a plan gives it back", () => {
  fc.assert(
    fc.property(project, naming, (of, style) => {
      const plan = planOf(of, style);
      for (const table of plan.tables) {
        const all = [...table.columns, ...table.residuals];
        expect(new Set(all.map((item) => item.id)).size).toBe(all.length);
        expect(new Set(all.map((item) => foldName(item.name))).size).toBe(all.length);
      }
      expect(readPlan(planText(plan))).toEqual(plan);
    }),
    { numRuns: 60 },
  );
});

test("adding properties never changes names or ids that are recorded", () => {
  fc.assert(
    fc.property(project, project, naming, (before, added, style) => {
      const first = planOf(before, style);
      const after = columns(planOf(mergedProject(before, added), style, publishedColumns(first)));
      for (const [path, published] of columns(first)) expect(after.get(path)).toBe(published);
    }),
    { numRuns: 60 },
  );
});

test("adding a property leaves others alone even unrecorded, unless they want its name", () => {
  fc.assert(
    fc.property(project, (before) => {
      const first = columns(planOf(before, "snake"));
      const added = { config: { zz_only_here: "number" }, "history-row": { zz_only_here: "number" } } as const;
      const after = columns(planOf(mergedProject(before, added), "snake"));
      for (const [path, column] of first) expect(after.get(path)).toBe(column);
    }),
    { numRuns: 40 },
  );
});

test("deleting a property and adding it again never gives it the id or name of another, nor its own once retired", () => {
  fc.assert(
    fc.property(tree, fc.nat(), (config, at) => {
      fc.pre(Object.keys(config).length > 1);
      const before: Project = { config, "history-row": {} };
      const first = planOf(before, "snake");
      const recorded = publishedColumns(first);
      const gone = Object.keys(config)[at % Object.keys(config).length] ?? "";
      const kept = Object.fromEntries(Object.entries(config).filter(([name]) => name !== gone));
      const lost = [...columns(first)].filter(
        ([path]) => !columns(planOf({ ...before, config: kept }, "snake", recorded)).has(path),
      );
      const retired = lost.map(([, text]) => {
        const [table, id, ...name] = text.split(" ");
        return { table, id: Number(id), name: name.join(" ") };
      });
      const survivors: Recorded = (blob, path) => (path[0] === gone ? undefined : recorded(blob, path));
      const again = columns(planOf(before, "snake", survivors, retired));
      const others = [...columns(first)].filter(([path]) => !lost.some(([item]) => item === path));
      for (const [path, column] of others) expect(again.get(path)).toBe(column);
      for (const [path, column] of lost) expect(again.get(path)).not.toBe(column);
      expect(new Set(again.values()).size).toBe(again.size);
    }),
    { numRuns: 60 },
  );
});

import type { SerializedReason } from "../plan/plan.js";

/** What each reason means and what can be done about it, in words for people. */
export const REASONS: Record<SerializedReason, { readonly says: string; readonly next?: string }> = {
  "type-conflict": {
    says: "its values are of kinds that no one column type holds",
    next: "Give the path a type in your schema; what does not fit it stays in the residual.",
  },
  "object-map": {
    says: "its member names are data, not fields",
    next: "Declare a family (patternProperties with named groups) to get rows, or properties to get columns.",
  },
  "nested-too-deep": {
    says: "it is an object nested deeper than columns are made for",
    next: "Declare the members you need as properties, or raise the threshold maxDepth.",
  },
  "array-of-objects": { says: "it is a list of objects" },
  "typed-value": { says: "it is one of W&B's typed values (media, histogram, table), which is kept whole" },
  "null-only": { says: "only nulls were seen when it was decided" },
  "too-sparse": {
    says: "too few records have it",
    next: "Declare it as a column in your schema, or lower the threshold minFill.",
  },
  "over-budget": {
    says: "its table has no room for more columns",
    next: "Declare it as a column and mark another with promote: false.",
  },
  "duplicate-of": { says: "another path holds the same values" },
  denied: { says: "a schema says that it is no column" },
  undeclared: { says: "no schema speaks of it", next: "Run `wandb-columns infer` to see what it could be." },
  sensitive: { says: "a schema marks it as sensitive" },
  empty: { says: "only empty objects and lists were seen when it was decided" },
};

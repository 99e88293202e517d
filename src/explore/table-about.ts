import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreError } from "../errors.js";
import { LOGICAL_TYPES, type LogicalType } from "../plan/plan.js";

const AboutSchema = Type.Object({
  format: Type.Literal(1),
  table: Type.String(),
  description: Type.String(),
  key: Type.Array(Type.String()),
  columns: Type.Record(
    Type.String(),
    Type.Object({
      id: Type.Integer(),
      type: Type.Unsafe<LogicalType>(Type.Union(LOGICAL_TYPES.map((type) => Type.Literal(type)))),
      description: Type.String(),
      unit: Type.Optional(Type.String()),
      blob: Type.Optional(Type.String()),
      path: Type.Optional(Type.String()),
    }),
  ),
});

/** The value of the key `wandb_columns` in a file of a table. */
type About = Static<typeof AboutSchema>;

/** A column as its file describes it. */
export interface ColumnAbout {
  readonly name: string;
  /** Permanent id. */
  readonly id: number;
  readonly type: LogicalType;
  readonly description: string;
  readonly unit?: string | undefined;
  /** Blob and JSON Pointer that it comes from; absent for key and computed columns. */
  readonly blob?: string | undefined;
  readonly path?: string | undefined;
}

/** A table as its files describe it. */
export interface TableAbout {
  readonly name: string;
  readonly description: string;
  /** Names of the key columns, in the order by which the rows of each file are sorted. */
  readonly key: readonly string[];
  /** In the order of the file. */
  readonly columns: readonly ColumnAbout[];
}

function about(text: string | undefined, file: string): About {
  const foreign = (next: string): never => {
    throw new StoreError(
      "tables/foreign",
      `${file} does not say what its columns are, as tables of wandb-columns do.`,
      {
        where: { file },
        next,
      },
    );
  };
  if (text === undefined)
    return foreign("Open the folder that `wandb-columns export` wrote, not a copy by another tool.");
  // A member of the text may be called __proto__; JSON.parse makes it an own property.
  const value: unknown = JSON.parse(text);
  return Value.Check(AboutSchema, value)
    ? value
    : foreign("Install a newer version of wandb-columns, or export again.");
}

/**
 * What a file says of its table.
 * @param text the value of its metadata key `wandb_columns`; undefined when it has none.
 * @param names the columns of the file, in order.
 * @throws StoreError `tables/foreign` when the file was not written by this toolkit, or by a newer version.
 */
export function tableAbout(text: string | undefined, names: readonly string[], file: string): TableAbout {
  const { table, description, key, columns } = about(text, file);
  const described = new Map(Object.entries(columns));
  return {
    name: table,
    description,
    key,
    columns: names.flatMap((name): ColumnAbout[] => {
      const column = described.get(name);
      return column === undefined ? [] : [{ name, ...column }];
    }),
  };
}

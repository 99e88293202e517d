import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StoreError } from "../errors.js";
import { LOGICAL_TYPES, type LogicalType } from "../plan/plan.js";

const ColumnSchema = Type.Object({
  id: Type.Integer(),
  type: Type.Unsafe<LogicalType>(Type.Union(LOGICAL_TYPES.map((type) => Type.Literal(type)))),
  description: Type.String(),
  unit: Type.Optional(Type.String()),
  blob: Type.Optional(Type.String()),
  path: Type.Optional(Type.String()),
});

const StructSchema = Type.Object({
  type: Type.Literal("struct"),
  members: Type.Record(Type.String(), ColumnSchema),
});

const AboutSchema = Type.Object({
  format: Type.Literal(1),
  table: Type.String(),
  description: Type.String(),
  key: Type.Array(Type.String()),
  columns: Type.Record(Type.String(), Type.Union([ColumnSchema, StructSchema])),
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
  /** In the order of the file, key columns first. */
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

/** The struct column of a table; undefined when it has none. */
function structOf(columns: About["columns"]): string | undefined {
  return Object.entries(columns).find(([, column]) => column.type === "struct")?.[0];
}

/** Every column by its name, members of a struct included. */
function describedColumns(columns: About["columns"]): Map<string, Omit<ColumnAbout, "name">> {
  const named = Object.entries(columns).flatMap(([name, column]): [string, Omit<ColumnAbout, "name">][] =>
    column.type === "struct" ? Object.entries(column.members) : [[name, column]],
  );
  return new Map(named);
}

/** What a file says of itself, before it is known which columns it has. */
export interface FileAbout {
  /** The struct column of the file, whose members are columns of the table. */
  readonly struct: string | undefined;
  /**
   * The table with these columns, in their order, but for key columns: they come first. A residual comes after the
   * members of a struct.
   */
  table(names: readonly string[]): TableAbout;
}

/**
 * What a file says of its table.
 * @param text the value of the file's metadata key `wandb_columns`; undefined when it has none.
 * @throws StoreError `tables/foreign` when the file was not written by this toolkit, or by a newer version.
 */
export function fileAbout(text: string | undefined, file: string): FileAbout {
  const { table: name, description, key, columns } = about(text, file);
  const known = describedColumns(columns);
  const struct = structOf(columns);
  const rank = ({ name: column, blob, path }: ColumnAbout): number => {
    const place = key.indexOf(column);
    if (place >= 0) return place - key.length;
    return struct !== undefined && blob !== undefined && path === undefined ? 1 : 0;
  };
  const table = (names: readonly string[]): TableAbout => {
    const found = names.flatMap((column): ColumnAbout[] => {
      const of = known.get(column);
      return of === undefined ? [] : [{ name: column, ...of }];
    });
    return { name, description, key, columns: found.sort((a, b) => rank(a) - rank(b)) };
  };
  return { struct, table };
}

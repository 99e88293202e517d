import { type Static, type TLiteral, type TUnion, Type } from "@sinclair/typebox";
import { HISTORY_FORMS } from "../plan/history-form.js";
import { COMPRESSIONS, FEWEST_ROWS } from "../sinks/parquet.js";
import { PARTITIONS } from "./partitions.js";

/** One of a few texts. */
const choice = <T extends string>(values: readonly T[], description: string): TUnion<TLiteral<T>[]> =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { description },
  );

/** How tables are kept, whatever is in them. All but `history` speak of Parquet. */
export const TableOptionsSchema = Type.Object(
  {
    history: choice(HISTORY_FORMS, "The history with one column a metric, one row a metric, or one struct of metrics."),
    compression: choice(COMPRESSIONS, "Compression of Parquet pages."),
    rowGroupSize: Type.Optional(
      Type.Integer({
        minimum: FEWEST_ROWS,
        description: "Most rows of a Parquet row group. Default: by the width of the table, at most 122,880.",
      }),
    ),
    partitionBy: choice(PARTITIONS, "Folders that tables of many parts are divided into."),
  },
  { additionalProperties: false },
);
export type TableOptions = Static<typeof TableOptionsSchema>;

export const DEFAULT_TABLE_OPTIONS: TableOptions = { history: "wide", compression: "zstd", partitionBy: "none" };

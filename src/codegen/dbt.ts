import { stringify } from "yaml";
import { quoteIdentifier } from "../engines/duckdb/types.js";
import { isFolder } from "../plan/part-files.js";
import type { LogicalType, Plan, Table } from "../plan/plan.js";
import { definitions, tableComment } from "./ddl.js";
import { headerText } from "./header.js";
import { jsonEscape } from "./json-escape.js";

/** The variable of a dbt project that says where the tables folder is. */
const FOLDER = `{{ var("wandb_columns_tables", "tables") }}`;

/** A text that Jinja, by which dbt reads every text here, gives back as it is. */
const plainText = (text: string): string => text.replace(/\{(?=[{%#])/g, `{{ "{" }}`);

/** Where dbt-duckdb finds a table. https://github.com/duckdb/dbt-duckdb#reading-from-external-files */
function location(table: Table): string {
  return `${FOLDER}/${table.name}${isFolder(table) ? "/*" : ""}.parquet`;
}

/**
 * The key as one value: dbt's own test `unique` takes any expression, so that a key of several columns needs no package.
 */
function uniqueKey({ key }: Table): object {
  const names = key.map(quoteIdentifier).join(", ");
  return { unique: { arguments: { column_name: key.length === 1 ? names : `(${names})` } } };
}

function tableSource(table: Table, types: Readonly<Record<LogicalType, string>>): object {
  const key = new Set(table.key);
  const columns = definitions(table, { types, quoteIdentifier }).map(({ name, type, comment }) => ({
    name: plainText(name),
    description: plainText(comment),
    data_type: type,
    ...(key.has(name) ? { quote: true, data_tests: ["not_null"] } : {}),
  }));
  return {
    name: table.name,
    description: plainText(tableComment(table)),
    config: { meta: { external_location: location(table) } },
    ...(key.size === 0 ? {} : { data_tests: [uniqueKey(table)] }),
    columns,
  };
}

/** YAML allows no such character as it is; all texts are in double quotes, where JSON's escapes are YAML's too. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * The tables of a plan as sources of dbt: descriptions, types, a not-null test for every key column and a test that no key
 * is there twice. Same plan, same bytes.
 */
export function dbtSources(plan: Plan, types: Readonly<Record<LogicalType, string>>): string {
  const source = {
    name: "wandb",
    description: "Weights & Biases data as stable columns.",
    tables: plan.tables.map((table) => tableSource(table, types)),
  };
  const text = stringify(
    { version: 2, sources: [source] },
    { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN", aliasDuplicateObjects: false },
  );
  return `# ${headerText("schemas/")}\n\n${text.replace(UNPRINTABLE, jsonEscape)}`;
}

import { type Static, Type } from "@sinclair/typebox";
import type { ErrorObject } from "ajv/dist/2020.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { SchemaError } from "../errors.js";
import { parsePointer } from "../json/pointer.js";
import { DEFAULT_THRESHOLDS, type Thresholds } from "../profile/infer-rules.js";
import { locate, nodeAt, parseDocument, type SchemaDocument } from "../schema/document.js";
import { nearestWord } from "../schema/nearest.js";
import { isMissing } from "../store/store-env.js";
import type { Environment } from "./environment.js";
import { SourcePathSchema } from "./source-paths.js";
import { DEFAULT_TABLE_OPTIONS, type TableOptions, TableOptionsSchema } from "./table-options.js";

const closed = { additionalProperties: false } as const;

const ThresholdsSchema = Type.Object(
  {
    maxDepth: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: `Longest path of a column, in segments. Default ${DEFAULT_THRESHOLDS.maxDepth}.`,
      }),
    ),
    maxMembers: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: `Member names from which an object may be a map. Default ${DEFAULT_THRESHOLDS.maxMembers}.`,
      }),
    ),
    maxColumns: Type.Optional(
      Type.Integer({ minimum: 1, description: `Columns of one table. Default ${DEFAULT_THRESHOLDS.maxColumns}.` }),
    ),
    minFill: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: `Smallest share of records with a value. Default ${DEFAULT_THRESHOLDS.minFill}.`,
      }),
    ),
  },
  { ...closed, description: "Where `infer` draws its lines." },
);

/** `wandb-columns.json`. Every member is optional. */
export const ConfigSchema = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: "For editors: where this schema is." })),
    sources: Type.Optional(
      Type.Array(Type.Union([Type.String({ minLength: 1 }), SourcePathSchema]), {
        description: "What `sync` imports when it is given no path; relative to this file.",
      }),
    ),
    entity: Type.Optional(Type.String({ description: "W&B entity of runs whose source does not say it." })),
    wandbProject: Type.Optional(Type.String({ description: "W&B project of runs whose source does not say it." })),
    onNew: Type.Optional(
      Type.Union([Type.Literal("report"), Type.Literal("add"), Type.Literal("fail")], {
        description: "What `sync` does with paths that no schema declares. Default report.",
      }),
    ),
    failOn: Type.Optional(
      Type.Union([Type.Literal("error"), Type.Literal("warning"), Type.Literal("note"), Type.Literal("never")], {
        description: "Severity from which a finding makes a command exit with 1. Default error.",
      }),
    ),
    memory: Type.Optional(Type.String({ description: "Memory to stay within, such as 2GB." })),
    threads: Type.Optional(Type.Integer({ minimum: 1, description: "Threads of the engine." })),
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 86_400,
        description: "Seconds to wait for another process that writes the same folder. Default 60.",
      }),
    ),
    naming: Type.Optional(
      Type.Union([Type.Literal("snake"), Type.Literal("verbatim")], {
        description: "Style of column names that no schema records yet. Default snake.",
      }),
    ),
    output: Type.Optional(
      Type.String({
        description: "Where `sync` and `export` write tables. Default parquet:tables; relative to this file.",
      }),
    ),
    ...Type.Partial(TableOptionsSchema).properties,
    thresholds: Type.Optional(ThresholdsSchema),
  },
  { ...closed, $id: "https://wandb-columns.dev/schemas/wandb-columns.schema.json", description: "wandb-columns.json" },
);
export type Config = Static<typeof ConfigSchema>;

function wrong(code: string, message: string, document: SchemaDocument, pointer: string, next: string): SchemaError {
  const node = nodeAt(document.root, parsePointer(pointer)) ?? document.root;
  return new SchemaError(`config/${code}`, message, { where: locate(document, node.start), next });
}

/** The members that there are at a place of the configuration. */
function settingNames(place: string): string[] {
  if (place === "/thresholds") return Object.keys(ThresholdsSchema.properties);
  return Object.keys((place.startsWith("/sources/") ? SourcePathSchema : ConfigSchema).properties);
}

function refusal(document: SchemaDocument, errors: readonly ErrorObject[]): SchemaError {
  const extra = errors.find((error) => error.keyword === "additionalProperties");
  if (extra !== undefined) {
    const name = String(extra.params["additionalProperty"]);
    const near = nearestWord(name, settingNames(extra.instancePath));
    const next = near === undefined ? "Remove it." : `Did you mean "${near}"?`;
    return wrong("unknown-member", `There is no setting "${name}".`, document, extra.instancePath, next);
  }
  const constants = errors.filter((error) => error.keyword === "const");
  const choices = constants.map((error) => error.params["allowedValue"]);
  const [first] = constants.length > 0 ? constants : errors;
  const says = choices.length > 0 ? `is none of ${choices.join(", ")}` : (first?.message ?? "has the wrong shape");
  const place = first?.instancePath ?? "";
  const message = `The setting ${place === "" ? "as a whole" : place.slice(1)} ${says}.`;
  return wrong("value", message, document, place, "Correct it; docs/guide.md lists the settings.");
}

/**
 * Reads the text of a `wandb-columns.json`. `file` is its name for messages.
 * @throws SchemaError `config/…` or `schema/json` with line, column and what was meant.
 */
export function readConfig(text: string, file: string): Config {
  const document = parseDocument(file, text, "project");
  const validate = new Ajv2020({ strict: false, allErrors: true, logger: false }).compile<Config>(ConfigSchema);
  const { value } = document;
  if (validate(value)) return value;
  throw refusal(document, validate.errors ?? []);
}

/** The configuration of a project; without the file every setting is unset. */
export async function loadConfig(file: string, env: Pick<Environment, "files">): Promise<Config> {
  let text: string;
  try {
    text = await env.files.readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
  return readConfig(text, file);
}

/** How tables are kept as a configuration has it, defaults filled in. */
export function tableOptionsOf(config: Config): TableOptions {
  const { history, compression, rowGroupSize, partitionBy } = config;
  return {
    history: history ?? DEFAULT_TABLE_OPTIONS.history,
    compression: compression ?? DEFAULT_TABLE_OPTIONS.compression,
    partitionBy: partitionBy ?? DEFAULT_TABLE_OPTIONS.partitionBy,
    ...(rowGroupSize === undefined ? {} : { rowGroupSize }),
  };
}

/** The thresholds of a configuration, defaults filled in. */
export function thresholdsOf(config: Config): Thresholds {
  return { ...DEFAULT_THRESHOLDS, ...config.thresholds };
}

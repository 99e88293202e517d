import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import standalone from "ajv/dist/standalone/index.js";
import { build, type Plugin } from "esbuild";
import { SchemaError } from "../errors.js";
import type { SchemaFile } from "../schema/registry.js";
import { headerText } from "./header.js";
import { isAnnotation, isObject, mapSubschemas, type SchemaObject } from "./json-schema.js";
import type { NamedSchema } from "./schema-names.js";

/**
 * The formats that validators insist on; every other format is an annotation, as draft 2020-12 has it. A date-time may
 * lack its zone here: whether that fits a column is the column's matter (`x-column.zone`).
 */
const FORMATS: Readonly<Record<string, RegExp>> = {
  "date-time": /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/,
};

/** Whether no value can break a keyword. Without these a change of words changes no validator. */
function isSilent(keyword: string, value: unknown): boolean {
  if (keyword === "format") return typeof value !== "string" || !Object.hasOwn(FORMATS, value);
  return keyword === "$schema" || isAnnotation(keyword);
}

/** The schema with only what can be broken. */
function assertions(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([keyword, value]) => !isSilent(keyword, value));
  return mapSubschemas(Object.fromEntries(kept), assertions);
}

/** @param check whether the schemas are held to their meta-schema, which is enough once. */
function newAjv(check: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    meta: check,
    validateSchema: check,
    strict: true,
    // An extending schema says `properties` beside `allOf` and leaves `type` to the extended one.
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowMatchingProperties: true,
    allErrors: true,
    // Payloads have NaN and ±Infinity, and they are numbers.
    strictNumbers: false,
    inlineRefs: false,
    // A config key may be called `constructor`.
    ownProperties: true,
    logger: false,
    formats: { ...FORMATS },
    code: { source: true, esm: true, lines: true },
  });
  ajv.addKeyword("x-column");
  return ajv;
}

/** The validator of one file as an ES module; it may still `require` Ajv's runtime. */
function validatorModule(file: SchemaFile, files: readonly SchemaFile[], check: boolean): string {
  const ajv = newAjv(check);
  try {
    for (const { id, schema } of files) ajv.addSchema({ ...(assertions(schema) as SchemaObject), $id: id });
    const validate = ajv.getSchema(file.id);
    if (validate === undefined) throw new Error(`${file.id} is not among the schemas`);
    return standalone.default(ajv, validate);
  } catch (cause) {
    throw new SchemaError("schema/validator", `Ajv cannot compile this schema: ${(cause as Error).message}`, {
      where: { file: file.file },
      next: "Mend the schema where the message points.",
      cause,
    });
  }
}

const RUNTIME = "ajv-runtime";

/** The line by which a function of Ajv's runtime tells Ajv how to `require` it; nothing does any more. */
const CODE_HINT = /^\w+\.code = .*$/gm;

/**
 * Gives esbuild the validators from memory and Ajv's runtime by module name, so that no path of this machine gets into
 * the output.
 */
function modules(sources: ReadonlyMap<string, string>): Plugin {
  const ajv = createRequire(createRequire(import.meta.url).resolve("ajv"));
  return {
    name: "validators",
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, kind }) =>
        kind === "entry-point" ? { path, namespace: "validator" } : { path, namespace: RUNTIME },
      );
      build.onLoad({ filter: /.*/, namespace: "validator" }, ({ path }) => ({ contents: sources.get(path) ?? "" }));
      build.onLoad({ filter: /.*/, namespace: RUNTIME }, async ({ path }) => ({
        contents: (await readFile(ajv.resolve(path), "utf8")).replace(CODE_HINT, ""),
      }));
    },
  };
}

async function bundle(sources: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
  const result = await build({
    entryPoints: [...sources.keys()].map((name) => ({ in: name, out: name })),
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    charset: "utf8",
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
    outdir: "/validators",
    plugins: [modules(sources)],
  });
  return new Map(result.outputFiles.map((file) => [basename(file.path, ".js"), file.text]));
}

function declaration({ typeName: type, file: { name, file } }: NamedSchema): string {
  return `// ${headerText(file)}
import type { ${type} } from "../types/${name}.js";

/** One reason why a value was refused. */
export interface ValidationError {
  /** JSON Pointer of the value that was refused; empty for the whole. */
  readonly instancePath: string;
  /** Where in the schema the reason stands, as a URI fragment. */
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** Whether a value obeys \`${file}\`. NaN and the infinities count as numbers. */
export interface Validate {
  (data: unknown): data is ${type};
  /** Every reason of the last call; null after a value that was accepted. */
  errors?: readonly ValidationError[] | null;
}

export declare const validate: Validate;
export default validate;
`;
}

/**
 * The validators of the schemas, each a module that imports nothing, with its declarations: path inside `validators/`
 * to text.
 * @throws SchemaError `schema/validator` when Ajv refuses a schema.
 */
export async function validators(
  schemas: readonly NamedSchema[],
  files: readonly SchemaFile[],
): Promise<ReadonlyMap<string, string>> {
  const sources = new Map(schemas.map(({ file }, i) => [file.name, validatorModule(file, files, i === 0)]));
  const bundled = await bundle(sources);
  const texts = schemas.flatMap((schema): [string, string][] => [
    [`${schema.file.name}.js`, `// ${headerText(schema.file.file)}\n${bundled.get(schema.file.name) ?? ""}`],
    [`${schema.file.name}.d.ts`, declaration(schema)],
  ]);
  return new Map(texts);
}

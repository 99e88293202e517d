import { compile, type Options } from "json-schema-to-typescript";
import { SchemaError } from "../errors.js";
import type { SchemaFile } from "../schema/registry.js";
import { headerText } from "./header.js";
import type { NamedSchema } from "./schema-names.js";
import { layOut } from "./type-layout.js";
import { typeSchema } from "./type-schema.js";

const OPTIONS: Partial<Options> = {
  // Nothing is left to resolve outside the document; these make sure that nothing is looked for.
  $refOptions: { resolve: { external: false, file: false, http: false } },
  cwd: "/",
  additionalProperties: true,
  declareExternallyReferenced: true,
  enableConstEnums: false,
  // Prettier would take longer than all the rest.
  format: false,
  ignoreMinAndMaxItems: true,
  strictIndexSignatures: false,
  unknownAny: true,
};

/** The sentence that json-schema-to-typescript adds to definitions; it tells a reader nothing. */
const REFERENCE_NOTE = /^ \* This interface was referenced by .*\n \* via the `definition` .*\n/gm;

/** Without those sentences, and without the comments and last empty lines that they leave. */
function withoutReferenceNotes(declarations: string): string {
  return declarations
    .replace(REFERENCE_NOTE, "")
    .replace(/^\/\*\*\n \*\/\n/gm, "")
    .replace(/^ \*\n(?= \*\/)/gm, "");
}

/**
 * The TypeScript declarations of what a schema accepts, one exported type named after the file and one for each object
 * or union it refers to. Same schemas, same bytes.
 * @throws SchemaError `schema/types` when the schema has no TypeScript form.
 */
export async function typeDeclarations(schema: NamedSchema, files: readonly SchemaFile[]): Promise<string> {
  const prepared = typeSchema(schema, files);
  const { file } = schema.file;
  try {
    const bannerComment = `// ${headerText(file)}`;
    const options = { ...OPTIONS, bannerComment, unreachableDefinitions: prepared.unreachable };
    return layOut(withoutReferenceNotes(await compile(prepared.schema, schema.typeName, options)));
  } catch (cause) {
    const reason = cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
    throw new SchemaError("schema/types", `No TypeScript types can be made of this schema${reason}`, {
      where: { file },
      next: "Simplify the schema; circular $refs that never reach a type are a common reason.",
      cause,
    });
  }
}

import { headerText } from "./header.js";
import type { NamedSchema } from "./schema-names.js";

/** `types/index.d.ts`: the root type of every schema. */
export function typeIndex(schemas: readonly NamedSchema[]): string {
  const lines = schemas.map(({ file, typeName }) => `export type { ${typeName} } from "./${file.name}.js";\n`);
  return `// ${headerText("schemas/")}\n\n${lines.join("")}`;
}

/** `validators/index.js` and its declarations: the validator of every schema. */
export function validatorIndex(schemas: readonly NamedSchema[]): string {
  const lines = schemas.map(
    ({ file, typeName }) => `export { validate as validate${typeName} } from "./${file.name}.js";\n`,
  );
  return `// ${headerText("schemas/")}\n\n${lines.join("")}`;
}

/**
 * The shape of a record: an object whose values are leaves, groups or plain objects. One definition gives the JSON text of
 * any record and the columns that a person would declare for it by hand.
 */

/** A value: its type as DuckDB declares it, and its JSON text in one record; undefined leaves the member out. */
class Leaf {
  constructor(type, write) {
    this.type = type;
    this.write = write;
  }
}

/** An object that only some records have. */
class Group {
  constructor(isIn, members) {
    this.isIn = isIn;
    this.members = members;
  }
}

/** Members whose names are data: their text, with commas between them. Nothing declares them. */
class Members {
  constructor(write) {
    this.write = write;
  }
}

export const leaf = (type, write) => new Leaf(type, write);
export const group = (isIn, members) => new Group(isIn, members);
export const members = (write) => new Members(write);

const membersOf = (node) => (node instanceof Group ? node.members : node);

/** Gives a function from what a record is about to its JSON text. */
export function renderer(shape) {
  const parts = Object.entries(membersOf(shape)).map(([key, node]) => ({
    prefix: node instanceof Members ? "" : `${JSON.stringify(key)}:`,
    write: node instanceof Leaf || node instanceof Members ? node.write : renderer(node),
  }));
  const isIn = shape instanceof Group ? shape.isIn : () => true;
  return (record) => {
    if (!isIn(record)) return undefined;
    let text = "";
    for (const { prefix, write } of parts) {
      const value = write(record);
      if (value !== undefined) text += `${text === "" ? "" : ","}${prefix}${value}`;
    }
    return `{${text}}`;
  };
}

/** The paths of all leaves. */
export function leafPaths(shape, above = []) {
  return Object.entries(membersOf(shape)).flatMap(([key, node]) => {
    if (node instanceof Members) return [];
    return node instanceof Leaf ? [[...above, key]] : leafPaths(node, [...above, key]);
  });
}

const name = (text) => `"${text.replaceAll('"', '""')}"`;
const literal = (text) => `'${text.replaceAll("'", "''")}'`;

function typeOf(node) {
  if (node instanceof Leaf) return node.type;
  const fields = Object.entries(membersOf(node)).map(([key, value]) => `${name(key)} ${typeOf(value)}`);
  return `STRUCT(${fields.join(", ")})`;
}

/** SQL that reads JSON Lines with declared columns and writes one flat column a leaf. It is the fastest way, and it rounds. */
export function declaredCopy(shape, input, output) {
  const columns = Object.entries(shape).map(([key, node]) => `${literal(key)}: ${literal(typeOf(node))}`);
  const fields = leafPaths(shape).map((path) => `s.${path.map(name).join(".")} AS ${name(path.join("."))}`);
  return `COPY (
SELECT ${fields.join(",\n  ")}
FROM read_json(${literal(input)}, format = 'newline_delimited', maximum_object_size = 100000000,
  columns = {${columns.join(",\n  ")}}) AS s
) TO ${literal(output)} (FORMAT parquet, COMPRESSION snappy);
`;
}

/** SQL that finds out columns and types from all records; objects stay objects. */
export function inferredCopy(input, output) {
  return `COPY (
SELECT * FROM read_json(${literal(input)}, format = 'newline_delimited', sample_size = -1, maximum_object_size = 100000000)
) TO ${literal(output)} (FORMAT parquet, COMPRESSION snappy);
`;
}

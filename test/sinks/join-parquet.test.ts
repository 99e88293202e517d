import * as files from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { joinParquet } from "../../src/sinks/join-parquet.js";
import { readStruct, type ThriftValue, writeStruct } from "../../src/sinks/thrift.js";

let folder: string;
let connection: DuckDBConnection;
beforeAll(async () => {
  folder = await files.mkdtemp(join(tmpdir(), "join-"));
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(async () => {
  connection.closeSync();
  await files.rm(folder, { recursive: true });
});

const COLUMNS = [
  "i::BIGINT AS i",
  "CASE WHEN i % 3 = 0 THEN NULL ELSE 'text ' || i % 7 END AS s",
  "i / 7 AS d",
  "[i, NULL, i + 1] AS list",
  "{'a': i, 'b': 'x' || i} AS struct",
  "i % 2 = 0 AS flag",
  "make_timestamptz(i * 1000000) AS at",
  "i::DECIMAL(38,0) AS big",
  ...Array.from({ length: 20 }, (_, k) => `i * ${k} AS c${k}`),
].join(", ");
const OPTIONS =
  "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048, KV_METADATA {note: 'one'}, FIELD_IDS {i: 7, s: 8}";

/** Rows `from` to `to` in a file of their own. */
async function piece(name: string, from: number, to: number): Promise<string> {
  const path = join(folder, name);
  await connection.run(`COPY (SELECT ${COLUMNS} FROM range(${from}, ${to}) t(i)) TO '${path}' (${OPTIONS})`);
  return path;
}

async function rows(query: string): Promise<unknown> {
  return (await connection.runAndReadAll(query)).getRowsJson();
}

describe("joinParquet", () => {
  it("gives the rows of all files in order, to readers that have nothing in common", async () => {
    const pieces = [
      await piece("a", 0, 5000),
      await piece("b", 5000, 5000),
      await piece("c", 5000, 5003),
      await piece("d", 5003, 9100),
    ];
    const whole = await piece("whole", 0, 9100);
    const joined = join(folder, "joined");
    await joinParquet(files, pieces, joined);
    const all = (file: string) => rows(`SELECT * FROM read_parquet('${file}')`);
    expect(await all(joined)).toEqual(await all(whole));
    expect(await rows(`SELECT count(*) FROM read_parquet('${joined}') WHERE i = 5001 OR c3 = 27`)).toEqual([["2"]]);
    const byHyparquet = async (path: string) =>
      parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
    expect(await byHyparquet(joined)).toEqual(await byHyparquet(whole));
  });

  it("keeps schema, field ids and metadata, and every row group", async () => {
    const pieces = [await piece("a", 0, 5000), await piece("b", 5000, 9000)];
    const joined = join(folder, "joined");
    await joinParquet(files, pieces, joined);
    const first = await parquetMetadataAsync(await asyncBufferFromFile(pieces[0] as string));
    const both = await parquetMetadataAsync(await asyncBufferFromFile(joined));
    expect(both.schema).toEqual(first.schema);
    expect(both.key_value_metadata).toEqual(first.key_value_metadata);
    expect(both.num_rows).toBe(9000n);
    expect(both.row_groups.map((group) => group.num_rows)).toEqual([2048n, 2048n, 904n, 2048n, 1952n]);
  });

  it("refuses a file that is not whole, and says which", async () => {
    const path = await piece("a", 0, 100);
    const bytes = await files.readFile(path);
    for (const cut of [0, 3, 11, bytes.length - 1]) {
      const broken = join(folder, "broken");
      await files.writeFile(broken, bytes.subarray(0, cut));
      await expect(joinParquet(files, [path, broken], join(folder, "joined"))).rejects.toMatchObject({
        code: "tables/piece",
        message: expect.stringContaining(broken),
      });
    }
  });
});

describe("thrift", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });
  const { value } = fc.letrec<{ value: ThriftValue; fields: Map<number, ThriftValue> }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom<ThriftValue>({ type: 1 }, { type: 2 }),
      fc.record({ type: fc.constant(3 as const), value: fc.integer({ min: 0, max: 255 }) }),
      fc.record({
        type: fc.constantFrom(4 as const, 5 as const, 6 as const),
        value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      }),
      fc.record({ type: fc.constant(7 as const), value: fc.uint8Array({ minLength: 8, maxLength: 8 }) }),
      fc.record({ type: fc.constant(8 as const), value: bytes }),
      fc
        .array(fc.record({ type: fc.constant(6 as const), value: fc.bigInt({ min: -9n, max: 9n }) }), { maxLength: 40 })
        .map((items): ThriftValue => ({ type: 9, element: 6, items })),
      fc
        .array(fc.constantFrom<ThriftValue>({ type: 1 }, { type: 2 }), { maxLength: 20 })
        .map((items): ThriftValue => ({ type: 9, element: 1, items })),
      tie("fields").map((fields): ThriftValue => ({ type: 12, fields })),
    ),
    fields: fc
      .array(fc.tuple(fc.integer({ min: 1, max: 300 }), tie("value")), { maxLength: 6 })
      .map((pairs) => new Map([...pairs].sort(([a], [b]) => a - b))),
  }));

  it("a struct comes back as it was", () => {
    fc.assert(
      fc.property(value, (item) => {
        const fields = new Map([[1, item]]);
        expect(readStruct(writeStruct(fields))).toEqual(fields);
      }),
    );
  });

  it("refuses bytes that end early, and lists longer than all", () => {
    const whole = writeStruct(new Map<number, ThriftValue>([[1, { type: 8, value: new Uint8Array(9) }]]));
    for (let cut = 0; cut < whole.length; cut++) expect(() => readStruct(whole.subarray(0, cut))).toThrow();
    expect(() => readStruct(Uint8Array.of(0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f))).toThrow("longer than the footer");
  });
});

import { StoreError } from "../errors.js";
import { readStruct, type ThriftStruct, type ThriftValue, writeStruct } from "./thrift.js";

/** The file operations that joining needs: those of `node:fs/promises`. */
export type JoinFiles = Pick<typeof import("node:fs/promises"), "open">;
type Handle = Awaited<ReturnType<JoinFiles["open"]>>;

const MAGIC = Buffer.from("PAR1", "latin1");
/** Length of the footer and the magic after it. */
const TAIL = 8;
const COPY_BYTES = 4 * 1024 * 1024;

/** Fields of parquet.thrift that are used here. https://github.com/apache/parquet-format */
const FILE = { rows: 3, rowGroups: 4 } as const;
const ROW_GROUP = { columns: 1, fileOffset: 5, ordinal: 7 } as const;
const CHUNK = { fileOffset: 2, metadata: 3, offsetIndex: 4, columnIndex: 6 } as const;
const COLUMN = { dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 } as const;

interface Piece {
  readonly handle: Handle;
  readonly footer: ThriftStruct;
  /** Bytes before the footer. */
  readonly length: number;
}

function damaged(file: string, what: string): StoreError {
  return new StoreError("tables/piece", `${file} is not the Parquet file it was written as: ${what}.`, {
    where: { file },
    next: "Run the same command again; if it comes back, the disk may be failing.",
  });
}

async function readAll(handle: Handle, target: Uint8Array, position: number, file: string): Promise<void> {
  const { bytesRead } = await handle.read(target, 0, target.length, position);
  if (bytesRead !== target.length) throw damaged(file, "it ends early");
}

async function openPiece(files: JoinFiles, file: string): Promise<Piece> {
  const handle = await files.open(file, "r");
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(TAIL);
    await readAll(handle, tail, Math.max(0, size - TAIL), file);
    const length = size - TAIL - tail.readUInt32LE(0);
    if (!tail.subarray(4).equals(MAGIC) || length < MAGIC.length) throw damaged(file, "it has no footer");
    const footer = Buffer.alloc(size - TAIL - length);
    await readAll(handle, footer, length, file);
    return { handle, footer: readStruct(footer), length };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function structsOf(value: ThriftValue | undefined): ThriftStruct[] {
  if (value === undefined || !("items" in value)) return [];
  return value.items.flatMap((item) => ("fields" in item ? [item.fields] : []));
}

/** Moves an offset; 0 and absent ones say that there is nothing. */
function move(fields: ThriftStruct | undefined, id: number, shift: bigint): void {
  const value = fields?.get(id);
  if (value !== undefined && "value" in value && typeof value.value === "bigint" && value.value > 0n) {
    fields?.set(id, { type: 6, value: value.value + shift });
  }
}

function moveRowGroup(group: ThriftStruct, shift: bigint, ordinal: number): void {
  move(group, ROW_GROUP.fileOffset, shift);
  if (group.has(ROW_GROUP.ordinal)) group.set(ROW_GROUP.ordinal, { type: 4, value: BigInt(ordinal) });
  for (const chunk of structsOf(group.get(ROW_GROUP.columns))) {
    for (const id of [CHUNK.fileOffset, CHUNK.offsetIndex, CHUNK.columnIndex]) move(chunk, id, shift);
    const column = chunk.get(CHUNK.metadata);
    const metadata = column !== undefined && "fields" in column ? column.fields : undefined;
    for (const id of Object.values(COLUMN)) move(metadata, id, shift);
  }
}

function rowsOf(footer: ThriftStruct): bigint {
  const value = footer.get(FILE.rows);
  return value !== undefined && "value" in value && typeof value.value === "bigint" ? value.value : 0n;
}

async function copyBody(piece: Piece, target: Handle, position: number, file: string): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, piece.length));
  let at = position;
  for (let from: number = MAGIC.length; from < piece.length; ) {
    const part = buffer.subarray(0, Math.min(buffer.length, piece.length - from));
    await readAll(piece.handle, part, from, file);
    await writeAll(target, part, at);
    from += part.length;
    at += part.length;
  }
  return at;
}

async function writeAll(target: Handle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await target.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Copies the row groups of a file to the end of the target; gives its footer, moved, and the new end. */
async function addPiece(files: JoinFiles, file: string, target: Handle, position: number, groups: number) {
  const piece = await openPiece(files, file);
  try {
    const end = await copyBody(piece, target, position, file);
    const rowGroups = structsOf(piece.footer.get(FILE.rowGroups));
    const shift = BigInt(position - MAGIC.length);
    for (const [i, group] of rowGroups.entries()) moveRowGroup(group, shift, groups + i);
    return { footer: piece.footer, rowGroups, end };
  } finally {
    await piece.handle.close();
  }
}

/**
 * Joins Parquet files of one schema to one file with the row groups of all, in order: bytes of pages are copied as they
 * are, only the offsets in the footer are moved. Schema and key-value metadata are those of the first.
 * @param target is created or replaced; not synced to the disk.
 * @throws StoreError `tables/piece` when a file is not whole.
 */
export async function joinParquet(files: JoinFiles, pieces: readonly string[], target: string): Promise<void> {
  const handle = await files.open(target, "w");
  try {
    await writeAll(handle, MAGIC, 0);
    let end: number = MAGIC.length;
    let rows = 0n;
    let joined: ThriftStruct = new Map();
    const groups: ThriftStruct[] = [];
    for (const [i, file] of pieces.entries()) {
      const added = await addPiece(files, file, handle, end, groups.length);
      groups.push(...added.rowGroups);
      rows += rowsOf(added.footer);
      end = added.end;
      if (i === 0) joined = added.footer;
    }
    joined.set(FILE.rows, { type: 6, value: rows });
    joined.set(FILE.rowGroups, { type: 9, element: 12, items: groups.map((fields) => ({ type: 12, fields })) });
    const footer = writeStruct(joined);
    const tail = Buffer.alloc(TAIL);
    tail.writeUInt32LE(footer.length, 0);
    MAGIC.copy(tail, 4);
    await writeAll(handle, Buffer.concat([footer, tail]), end);
  } finally {
    await handle.close();
  }
}

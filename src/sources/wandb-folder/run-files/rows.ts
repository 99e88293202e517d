import { LineSplitter } from "../../../json/lines.js";
import type { FolderFiles } from "../files.js";
import { isJsonValue } from "../json-bytes.js";

const BLOCK_BYTES = 1024 * 1024;

/** Takes the lines of a JSON Lines file. */
export interface RowSink {
  /** One row, `bytes[from..to)`, valid until the call returns. */
  row(bytes: Uint8Array, from: number, to: number): void;
  /** The last line, which the file ends inside of. */
  cut(bytes: Uint8Array, from: number, to: number, line: number): void;
  tooLong(line: number): void;
  /** Called after each block with the bytes read since the last call. */
  pause(bytes: number): Promise<void>;
}

/** Reads a file line by line, in bounded memory. Blank lines are left out. @throws the file system's error. */
export async function readRows(path: string, files: Pick<FolderFiles, "open">, sink: RowSink): Promise<void> {
  const splitter = new LineSplitter({
    line(bytes, from, to, number, _offset, ended) {
      if (ended || isJsonValue(bytes, from, to)) sink.row(bytes, from, to);
      else sink.cut(bytes, from, to, number);
    },
    tooLong: (number) => sink.tooLong(number),
  });
  const file = await files.open(path);
  try {
    const buffer = new Uint8Array(BLOCK_BYTES);
    let at = 0;
    for (let read = await file.read(buffer, at); read > 0; read = await file.read(buffer, at)) {
      at += read;
      splitter.block(buffer, 0, read);
      await sink.pause(read);
    }
    splitter.end();
  } finally {
    await file.close();
  }
}

import type { Transform } from "node:stream";

/**
 * What a decoder of node:zlib makes of the pieces of an archive; closes it. Before the next piece is asked for, all that
 * came of the one before was taken. A piece at which it fails gives nothing.
 */
export async function* transformed(pieces: AsyncIterable<Uint8Array>, decoder: Transform): AsyncGenerator<Uint8Array> {
  const state: { error: unknown; wake: () => void } = { error: undefined, wake: () => {} };
  const wake = (): void => state.wake();
  decoder.on("readable", wake).on("end", wake);
  decoder.on("error", (error) => {
    state.error = error;
    wake();
  });
  const output = async function* (isDone: () => boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece: unknown = decoder.read();
      if (piece instanceof Uint8Array) yield piece;
      else if (state.error !== undefined) throw state.error;
      else if (isDone()) return;
      else {
        await new Promise<void>((resolve) => {
          state.wake = resolve;
        });
      }
    }
  };
  try {
    for await (const packed of pieces) {
      if (decoder.readableEnded) break;
      let isTaken = false;
      decoder.write(packed, () => {
        isTaken = true;
        wake();
      });
      yield* output(() => isTaken || decoder.readableEnded);
    }
    decoder.end();
    yield* output(() => decoder.readableEnded);
  } finally {
    decoder.destroy();
  }
}

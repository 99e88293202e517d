/** Standard input: can be looked at, and read once. */
export interface StandardInput {
  /** The first bytes: `length` or more, unless it is shorter. They come again in `read`. */
  peek(length: number): Promise<Uint8Array>;
  /** All bytes, in pieces. */
  read(): AsyncIterable<Uint8Array>;
}

/** Standard input from the pieces of a stream. @param open is called at most once, when the first byte is wanted. */
export function standardInput(open: () => AsyncIterable<Uint8Array>): StandardInput {
  const kept: Uint8Array[] = [];
  let pieces: AsyncIterator<Uint8Array> | undefined;
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    pieces ??= open()[Symbol.asyncIterator]();
    return pieces.next();
  };
  return {
    async peek(length) {
      let have = kept.reduce((sum, piece) => sum + piece.length, 0);
      while (have < length) {
        const { value, done } = await next();
        if (done === true) break;
        kept.push(value);
        have += value.length;
      }
      return Buffer.concat(kept);
    },
    async *read() {
      yield* kept.splice(0);
      for (let item = await next(); item.done !== true; item = await next()) yield item.value;
    },
  };
}

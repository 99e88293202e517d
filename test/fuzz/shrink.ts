/** What a failure is known by: a smaller input must fail in the same way. */
export function failureOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replace(/\d+/g, "#").slice(0, 60);
}

/** Takes pieces out of an input for as long as it still fails in the same way, for at most so many milliseconds. */
export async function shrink(
  bytes: Uint8Array,
  failure: string,
  check: (bytes: Uint8Array) => Promise<void> | void,
  milliseconds: number,
): Promise<Uint8Array> {
  const until = performance.now() + milliseconds;
  const fails = async (candidate: Uint8Array): Promise<boolean> => {
    try {
      await check(candidate);
      return false;
    } catch (error) {
      return failureOf(error) === failure;
    }
  };
  let smallest = bytes;
  for (let size = smallest.length >> 1; size > 0 && performance.now() < until; size >>= 1) {
    for (let at = 0; at < smallest.length && performance.now() < until; ) {
      const candidate = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await fails(candidate)) smallest = candidate;
      else at += size;
    }
  }
  return smallest;
}

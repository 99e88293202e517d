/**
 * Does something with each item, as many at once as there are lanes, in order of the items.
 * @returns the results in the order of the items.
 * @throws the first error, when what was under way has ended; nothing is begun after it.
 */
export async function inLanes<Lane, Item, Result>(
  lanes: readonly Lane[],
  items: readonly Item[],
  act: (lane: Lane, item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const errors: unknown[] = [];
  let next = 0;
  const run = async (lane: Lane): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      try {
        results[index] = await act(lane, items[index] as Item, index);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(lanes.map(run));
  if (errors.length > 0) throw errors[0];
  return results;
}

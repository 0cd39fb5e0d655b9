/**
 * Maps items with at most `limit` under way; results in the order of the items.
 *
 * @throws what `map` throws first; items not begun by then are left
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const pending = items.entries();
  // All workers draw from one iterator.
  const work = async () => {
    for (const [index, item] of pending) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}

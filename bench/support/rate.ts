/** Calls a second. */

/**
 * @param atOnce - calls under way at once
 * @param milliseconds - how long new calls are begun
 */
export async function rate(work: () => Promise<unknown>, atOnce: number, milliseconds: number): Promise<number> {
  let done = 0;
  const began = performance.now();
  const lane = async () => {
    while (performance.now() - began < milliseconds) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return (done * 1000) / (performance.now() - began);
}

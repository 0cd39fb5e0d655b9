/** A target with three faults: an error without a code, a loop without end, a thread that dies. */
import { Random } from '../../fuzz/random.ts';
import type { Target } from '../../fuzz/target.ts';

export const CAP_BYTES = 2 ** 30;

/** Seed and size of the campaign, and its cases at fault. */
export const CAMPAIGN = { seed: 5, cases: 20, throws: 3, hangs: 6, dies: 11 } as const;

/** What a case begins with tells which one it is. */
const beginnings = Array.from({ length: CAMPAIGN.cases }, (_, index) => new Random(CAMPAIGN.seed, index).uint32());

export async function prepare(): Promise<Target> {
  return {
    run: async (random) => {
      const index = beginnings.indexOf(random.uint32());
      if (index === CAMPAIGN.throws) throw new TypeError('a fault');
      while (index === CAMPAIGN.hangs);
      if (index === CAMPAIGN.dies) process.exit(7);
      return index % 2 === 0 ? 'EVEN' : 'ODD';
    },
    close: async () => {},
  };
}

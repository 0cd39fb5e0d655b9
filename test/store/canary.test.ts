import { describe, expect, it } from 'vitest';
import { canaryTakes, goesToCanary } from '../../src/store/canary.ts';

const VERSION = '019a0000-0000-7000-8000-000000000001';
const OTHER = '019a0000-0000-7000-8000-000000000002';
const STUDIES = Array.from({ length: 2000 }, (_, index) => `2.25.77${index}`);

/** Of the normal approximation, wide enough for one run in 15,000. */
function withinFourDeviations(count: number, share: number): void {
  const deviation = Math.sqrt(STUDIES.length * share * (1 - share));
  expect(Math.abs(count - STUDIES.length * share)).toBeLessThanOrEqual(4 * deviation);
}

describe('the share of a canary', () => {
  it.each([0.01, 0.1, 0.25, 0.5, 0.9])('%f holds that many of 2,000 studies, within the binomial interval', (share) => {
    withinFourDeviations(STUDIES.filter((uid) => canaryTakes(uid, VERSION, share)).length, share);
  });

  it('holds none at 0 and all at 1', () => {
    expect(STUDIES.some((uid) => canaryTakes(uid, VERSION, 0))).toBe(false);
    expect(STUDIES.every((uid) => canaryTakes(uid, VERSION, 1))).toBe(true);
  });

  it('keeps its studies when it grows', () => {
    const small = STUDIES.filter((uid) => canaryTakes(uid, VERSION, 0.1));
    expect(small.every((uid) => canaryTakes(uid, VERSION, 0.2))).toBe(true);
  });

  it('is drawn anew for each version', () => {
    const both = STUDIES.filter((uid) => canaryTakes(uid, VERSION, 0.5) && canaryTakes(uid, OTHER, 0.5));
    withinFourDeviations(both.length, 0.25);
  });

  it('is the hash that the documentation names', () => {
    // printf '%s' '019a0000-0000-7000-8000-000000000001:2.25.1' | sha256sum: 32 bits as a fraction lie at 0xd5d783d0.
    const at = 0xd5d783d0 / 2 ** 32;
    expect(canaryTakes('2.25.1', VERSION, at)).toBe(false);
    expect(canaryTakes('2.25.1', VERSION, at + 2 ** -32)).toBe(true);
  });
});

describe('a source of a canary', () => {
  it('goes to it whatever the share', () => {
    const canary = { id: VERSION, canaryShare: null, canarySources: ['ROOM_1', 'STOW_RS'] };
    expect(goesToCanary(canary, '2.25.1', ['C_STORE', 'ROOM_1'])).toBe(true);
    expect(goesToCanary(canary, '2.25.1', ['STOW_RS'])).toBe(true);
    expect(goesToCanary(canary, '2.25.1', ['C_STORE', 'ROOM_2'])).toBe(false);
  });
});

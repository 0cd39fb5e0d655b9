/** Runs in the threads of the header reader: parses one header and applies the gate. */
import type { FilmLimits } from '../config.ts';
import { serializeError } from '../errors.ts';
import { assessEligibility } from './eligibility.ts';
import type { FailedAnswer } from './film-threads.ts';
import type { EligibilityAssessment, GateEffects } from './gate-rules.ts';
import { type FilmHeader, readHeader } from './header.ts';

/** One film to look at. */
export interface HeaderTask {
  readonly path: string;
  readonly limits: FilmLimits;
  /** Of rules that do other than usual. */
  readonly gate: GateEffects;
  /** Shared with the asking thread: 0 until this thread begins, then the time of day in milliseconds. */
  readonly startedAt: Float64Array<SharedArrayBuffer>;
}

/** A film's header and what the gate decided by it. */
export interface HeaderReading {
  readonly header: FilmHeader;
  readonly eligibility: EligibilityAssessment;
}

/** Entry point of the thread pool. Never throws. */
export default async function parseHeader({
  path,
  limits,
  gate,
  startedAt,
}: HeaderTask): Promise<HeaderReading | FailedAnswer> {
  startedAt[0] = Date.now();
  try {
    const header = await readHeader(path, limits);
    return { header, eligibility: assessEligibility(header, gate) };
  } catch (error) {
    return { error: serializeError(error) };
  }
}

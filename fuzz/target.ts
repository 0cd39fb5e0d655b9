/** What a campaign is run against. */
import type { Random } from './random.ts';

/** A target, ready to take cases. One case at a time. */
export interface Target {
  /**
   * Runs one case.
   *
   * @returns how it ended, in a word: READ, or the code of the refusal
   * @throws anything that the gateway must not do: an error without a code, a result that contradicts itself
   */
  run(random: Random): Promise<string>;
  /** Ends what the target holds. */
  close(): Promise<void>;
}

/** What a module of a target exports. */
export interface TargetModule {
  /** Bytes that the target may use for one input, the cap of the campaign. */
  readonly CAP_BYTES: number;
  /**
   * Most heap of a thread, MiB, where the target's own caches are larger than what a case needs: more is a crash, and V8 collects
   * before. Without it a machine with much memory has it grow for minutes until it looks.
   */
  readonly HEAP_MIB?: number;
  /** Longest time for one case, where that is not a second. */
  readonly HANG_MS?: number;
  prepare(): Promise<Target>;
}

/** Modules by the name on the command line. */
export const TARGETS: Readonly<Record<string, string>> = {
  dicom: './dicom/target.ts',
  graphql: './graphql/target.ts',
  pdu: './pdu/target.ts',
};

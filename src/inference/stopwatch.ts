/** Times the stages of a task, by the clock and by the processor time of the calling thread. */

/** One stage, in milliseconds. */
export interface Lap {
  readonly wallMs: number;
  /** Undefined where Node cannot tell it. */
  readonly cpuMs: number | undefined;
}

/** The types of Node 24 take it for granted; the first releases of Node 22 lack it. */
const threadCpuUsage: typeof process.threadCpuUsage | undefined = process.threadCpuUsage;

/** Starts with its construction. */
export class Stopwatch {
  #wall = performance.now();
  #cpu = threadCpuMs();

  /** Time since the last lap or the start. */
  lap(): Lap {
    const wall = performance.now();
    const cpu = threadCpuMs();
    const cpuMs = cpu === undefined || this.#cpu === undefined ? undefined : cpu - this.#cpu;
    const lap = { wallMs: wall - this.#wall, cpuMs };
    this.#wall = wall;
    this.#cpu = cpu;
    return lap;
  }
}

function threadCpuMs(): number | undefined {
  const usage = threadCpuUsage?.call(process);
  return usage === undefined ? undefined : (usage.user + usage.system) / 1000;
}

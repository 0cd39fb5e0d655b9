/** What the demo prints: progress while something takes time, and one table a film. */

/** One finding as the demo shows it. */
export interface ShownFinding {
  readonly label: string;
  readonly probability: number;
  readonly threshold: number;
  readonly positive: boolean;
}

/** One film that was read. */
export interface ShownReading {
  readonly title: string;
  readonly details: string;
  readonly warnings: readonly string[];
  readonly findings: readonly ShownFinding[];
}

const BAR_WIDTH = 20;
const LABEL_WIDTH = 20;

/** Writes lines; colours only where a person looks. */
export class Terminal {
  readonly #stream: NodeJS.WriteStream;
  #step: { readonly name: string; readonly began: number } | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  line(text = ''): void {
    this.#stream.write(`${text}\n`);
  }

  /** Ends the step before, with its time, and names the next. */
  step(name: string): void {
    this.endStep();
    this.#step = { name, began: performance.now() };
    this.#stream.write(`  ${name.padEnd(46, ' ')}`);
  }

  /** Ends the running step. */
  endStep(): void {
    if (this.#step === undefined) return;
    this.line(`${((performance.now() - this.#step.began) / 1000).toFixed(1).padStart(6)} s`);
    this.#step = undefined;
  }

  /** The findings of one film, most probable first. */
  reading(reading: ShownReading): void {
    this.line();
    this.line(this.#bold(reading.title));
    this.line(`  ${reading.details}`);
    for (const warning of reading.warnings) this.line(`  warning: ${warning}`);
    this.line(`  ${'finding'.padEnd(LABEL_WIDTH)} probability  threshold`);
    const sorted = [...reading.findings].sort((a, b) => b.probability - a.probability);
    for (const finding of sorted) this.line(this.#row(finding));
  }

  /** A film that was not read, and why. */
  refusal(title: string, reasons: readonly string[]): void {
    this.line();
    this.line(this.#bold(title));
    for (const reason of reasons) this.line(`  ${reason}`);
  }

  #row({ label, probability, threshold, positive }: ShownFinding): string {
    const filled = Math.round(probability * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '·'.repeat(BAR_WIDTH - filled);
    const numbers = `${probability.toFixed(3).padStart(11)}  ${threshold.toFixed(3).padStart(9)}`;
    const row = `  ${label.replaceAll('_', ' ').padEnd(LABEL_WIDTH)} ${numbers}  ${bar}${positive ? '  positive' : ''}`;
    return positive ? this.#bold(row) : row;
  }

  #bold(text: string): string {
    return this.#stream.isTTY ? `\u001b[1m${text}\u001b[22m` : text;
  }
}

/** Progress of something that takes minutes: a bar where a person looks, a line now and then where a file is written. */

const BAR_WIDTH = 30;

/** One line is written for each tenth done where no person looks. */
const PLAIN_STEPS = 10;

/** A person sees no more changes than this. */
const REDRAW_MS = 100;

/** Draws to standard error, so that results can be piped. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #name: string;
  readonly #unit: string;
  #drawnAt = 0;
  #step = 0;
  #drawn = false;

  constructor(name: string, unit: string, stream: NodeJS.WriteStream = process.stderr) {
    this.#name = name;
    this.#unit = unit;
    this.#stream = stream;
  }

  /** @param total - null where it is not known */
  update(done: number, total: number | null): void {
    if (this.#stream.isTTY) this.#draw(done, total);
    else this.#writeStep(done, total);
  }

  /** A line of its own, below which the progress goes on. */
  line(text: string): void {
    this.#clear();
    this.#stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    this.#clear();
  }

  #draw(done: number, total: number | null): void {
    const now = performance.now();
    if (done !== total && now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    this.#stream.write(
      `\r\u001b[K${this.#name} ${total === null ? '' : bar(done / total)} ${this.#count(done, total)}`,
    );
  }

  #writeStep(done: number, total: number | null): void {
    const step = total === null || total === 0 ? 0 : Math.floor((done * PLAIN_STEPS) / total);
    if (step <= this.#step) return;
    this.#step = step;
    this.#stream.write(`${this.#name}: ${this.#count(done, total)}\n`);
  }

  #count(done: number, total: number | null): string {
    return total === null ? `${done} ${this.#unit}` : `${done} of ${total} ${this.#unit}`;
  }

  #clear(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[K');
    this.#drawn = false;
  }
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  return '█'.repeat(filled) + '·'.repeat(BAR_WIDTH - filled);
}

/** Measurements of engines kept between starts, in a file of this machine. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Engine } from './engine.ts';
import type { Processor } from './processor.ts';
import type { EngineMeasurement } from './reading.ts';

const entrySchema = z.strictObject({
  key: z.string(),
  measuredAt: z.iso.datetime(),
  engines: z.array(
    z.strictObject({ digest: z.string(), milliseconds: z.number().positive(), runs: z.int().positive() }),
  ),
});

const fileSchema = z.strictObject({ schemaVersion: z.literal(1), measurements: z.array(entrySchema) });

type Entry = z.infer<typeof entrySchema>;

/** Machines have few models; the oldest measurements go. */
const KEPT_ENTRIES = 32;

/** What a measurement depends on. */
export interface MeasurementConditions {
  readonly processor: Processor;
  readonly intraOpThreads: number;
  readonly engines: readonly Engine[];
}

/** Measurements by their conditions. A file that is missing, unreadable or of another form counts as empty. */
export class EngineCache {
  readonly #file: string;

  /** @param file - JSON file, made if need be */
  constructor(file: string) {
    this.#file = file;
  }

  /** What was measured under the same conditions; undefined when nothing was. */
  async find(conditions: MeasurementConditions): Promise<readonly EngineMeasurement[] | undefined> {
    const key = keyOf(conditions);
    return (await this.#read()).find((entry) => entry.key === key)?.engines;
  }

  /**
   * Adds a measurement. The file is replaced as a whole, so a reader never sees half of one; of two processes that add at
   * once one may be forgotten, which costs a measurement at its next start.
   */
  async add(conditions: MeasurementConditions, engines: readonly EngineMeasurement[]): Promise<void> {
    const key = keyOf(conditions);
    const others = (await this.#read()).filter((entry) => entry.key !== key).slice(1 - KEPT_ENTRIES);
    const measurements: Entry[] = [...others, { key, measuredAt: new Date().toISOString(), engines: [...engines] }];
    const temporary = `${this.#file}.${process.pid}`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(temporary, `${JSON.stringify({ schemaVersion: 1, measurements }, null, 2)}\n`);
    await rename(temporary, this.#file);
  }

  async #read(): Promise<readonly Entry[]> {
    try {
      return fileSchema.parse(JSON.parse(await readFile(this.#file, 'utf8'))).measurements;
    } catch {
      return [];
    }
  }
}

/** Digest of everything that a measurement depends on. */
function keyOf({ processor, intraOpThreads, engines }: MeasurementConditions): string {
  const digests = engines.map(({ digest }) => digest).sort();
  const conditions = [processor, ONNX_RUNTIME_VERSION, intraOpThreads, digests];
  return createHash('sha256').update(JSON.stringify(conditions)).digest('hex');
}

/** From its package: the binding itself is loaded in worker threads only. */
const ONNX_RUNTIME_VERSION: string = createRequire(import.meta.url)('onnxruntime-node/package.json').version;

/** The candidate of the walk-through: the weights of the shipped model, quantised by another rule, so of other bytes. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Stage } from './stage.ts';

/** Labelled and unlabelled films to make a version with. */
export interface FilmFolders {
  /** Folder of films to calibrate on. */
  readonly calibration: string;
  /** CSV table of the films to evaluate on. */
  readonly labels: string;
  /** Their folder. */
  readonly evaluation: string;
}

/** Name of the candidate. */
const CANDIDATE = 'chexnet-demo@2.0.0';

const SHIPPED = resolve(import.meta.dirname, '..', '..', 'models', 'chexnet-demo');

/** Runs the commands of the first step. */
export async function makeCandidate(stage: Stage, { calibration, labels, evaluation }: FilmFolders): Promise<void> {
  const { preprocessing, input } = JSON.parse(await readFile(join(SHIPPED, 'manifest.json'), 'utf8'));
  const steps = join(stage.models, 'preprocessing.json');
  await writeFile(steps, JSON.stringify(preprocessing));
  const [name = '', version = ''] = CANDIDATE.split('@');
  const size = ['--height', String(input.height), '--width', String(input.width)];
  await stage.command(
    ...['model', 'import', join(SHIPPED, 'weights.safetensors'), '--name', name, '--version', version],
    ...['--preprocessing', steps, ...size, '--half'],
  );
  await stage.command(
    'model',
    'compile',
    CANDIDATE,
    '--films',
    calibration,
    '--method',
    'percentile',
    '--reduce-range',
  );
  await stage.command('model', 'evaluate', CANDIDATE, '--labels', labels, '--images', evaluation);
}

/** Its developer says what an import cannot know: here what the shipped model says of itself, whose weights it has. */
export async function fillCard(stage: Stage): Promise<void> {
  const path = join(stage.models, CANDIDATE.replace('@', '-'), 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  const { card } = JSON.parse(await readFile(join(SHIPPED, 'manifest.json'), 'utf8'));
  await writeFile(path, `${JSON.stringify({ ...manifest, card: { ...card, ...manifest.card } }, null, 2)}\n`);
  await stage.command('model', 'card', CANDIDATE);
}

import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { addModelCommands } from '../../src/commands/model.ts';
import { DENSENET_121 } from '../../src/inference/compile/extract/architecture.ts';
import { encodeModel } from '../../src/inference/compile/onnx/encode.ts';
import { modelManifestSchema } from '../../src/inference/manifest.ts';
import { missingParts } from '../../src/inference/model-parts.ts';
import { exportNet } from '../inference/compile/support/exporter.ts';
import { randomNet } from '../inference/compile/support/tiny-net.ts';
import { png } from '../inference/films/support.ts';
import { noise, temporaryFolder } from '../inference/support.ts';

const FILMS = 4;
/** A DenseNet-121 is imported, calibrated and compiled twice: 12 s on a quiet machine. */
const TIMEOUT_MS = 180_000;
let onnx: Uint8Array;

beforeAll(() => {
  onnx = encodeModel(exportNet(randomNet(DENSENET_121, { labels: 14 }), { size: 64 }));
});

/** An empty MODELS_DIR beside a DenseNet-121 of random weights, films of noise and their labels. */
async function workspace(): Promise<{ models: string; source: string; films: string; labels: string }> {
  const folder = await temporaryFolder();
  const films = join(folder, 'films');
  await mkdir(films);
  const rows = ['image,patient,Mass,Nodule'];
  for (let film = 0; film < FILMS; film++) {
    await writeFile(join(films, `${film}.png`), png(Uint8Array.from(noise(film + 1, 90 * 80, 256)), 1, 90));
    rows.push(`${film}.png,${film >> 1},${film % 2},${film < 3 ? 1 : 0}`);
  }
  await writeFile(join(films, 'broken.png'), 'no film');
  const labels = join(folder, 'labels.csv');
  await writeFile(labels, `${[...rows, 'broken.png,9,0,0', 'gone.png,9,0,0'].join('\n')}\n`);
  const source = join(folder, 'net.onnx');
  await writeFile(source, onnx);
  const models = join(folder, 'models');
  vi.stubEnv('MODELS_DIR', models);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return { models, source, films, labels };
}

/** Runs a command line and gives what it printed; its exit code is taken back. */
async function run(...words: string[]): Promise<{ output: string; notes: string; exitCode: number }> {
  const written = { output: '', notes: '' };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.output += text;
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written.notes += text;
    return true;
  });
  const program = new Command('cxr-gateway').exitOverride();
  addModelCommands(program);
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    await program.parseAsync(['model', ...words], { from: 'user' });
    return { ...written, exitCode: Number(process.exitCode) };
  } finally {
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
}

describe('model commands, from an ONNX file to a proven INT8 model', { timeout: TIMEOUT_MS }, () => {
  test('import, compile, rebuild, evaluate, list, show, verify', async () => {
    const { models, source, films, labels } = await workspace();
    const imported = await run('import', source, '--name', 'net', '--version', '1.0.0', '--half', '--images', films);
    expect(imported.output).toContain('net@1.0.0 from onnx');
    expect(imported.output).toContain(`checked on ${3 + FILMS} images`);
    expect(imported.notes).toContain('not read: broken.png: NOT_DICOM');
    const folder = join(models, 'net-1.0.0');
    const card = () => readFile(join(folder, 'MODEL_CARD.md'), 'utf8');
    expect(await card()).toContain('**28 of the 31 source attributes are missing**');

    const compiled = await run('compile', 'net@1.0.0', '--films', films, '--reduce-range');
    expect(compiled.output).toContain(`calibrated on ${FILMS} images (minmax)`);
    expect(compiled.notes).toContain('not read: broken.png: NOT_DICOM');
    expect(compiled.notes).toContain(`Warning: Calibrated on ${FILMS} films`);
    const manifest = modelManifestSchema.parse(JSON.parse((await run('show', 'net@1.0.0', '--json')).output));
    expect(await card()).toContain(`\`model.int8.onnx\`: INT8 with 8-bit weights, SHA-256 \`${manifest.sha256}\``);
    expect(manifest).toMatchObject({
      file: 'model.int8.onnx',
      precision: 'INT8',
      alternatives: [
        { file: 'model.int8-7bit.onnx', precision: 'INT8', weightBits: 7 },
        { file: 'model.fp32.onnx', precision: 'FP32' },
      ],
    });

    const bytes = await readFile(join(folder, manifest.file));
    await writeFile(join(folder, manifest.file), 'lost');
    expect((await run('rebuild', folder)).output).toContain(manifest.sha256);
    expect(await readFile(join(folder, manifest.file))).toEqual(bytes);

    const calibration = join(folder, 'calibration.json');
    const measuredOnFilms = await readFile(calibration, 'utf8');
    await writeFile(calibration, measuredOnFilms.replace(/"imageMean": [\d.e-]+/, '"imageMean": 1'));
    await expect(run('rebuild', folder)).rejects.toMatchObject({ code: 'MODEL_DIGEST_MISMATCH' });
    expect(await readFile(join(folder, manifest.file))).toEqual(bytes);
    await writeFile(calibration, measuredOnFilms);

    // The calibration alone gives the same bytes, so that nothing measured is lost.
    await run('compile', folder, '--calibration', calibration, '--reduce-range');
    expect(JSON.parse((await run('show', folder, '--json')).output)).toEqual(manifest);

    const evaluated = await run('evaluate', folder, '--labels', labels, '--images', films, '--resamples', '20');
    expect(evaluated.output).toContain('4 films of 2 patients');
    expect(evaluated.output).toMatch(/^Mass +2 +[01]\.\d{3}/m);
    expect(evaluated.output).toContain('not read: broken.png');
    expect(evaluated.output).toContain('1 film(s) of the table are not in the folder.');
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['evaluation.json', 'roc.svg', 'reliability.svg']));
    const measured = modelManifestSchema.parse(JSON.parse((await run('show', folder, '--json')).output));
    expect(measured.metrics.map(({ precision }) => precision)).toEqual(['FP32', 'INT8']);
    expect(measured.thresholdsOrigin).toMatchObject({ dataSet: 'labels.csv', films: FILMS });
    expect(measured.reference).toMatchObject({ dataSet: 'labels.csv', films: FILMS, inputMean: { count: FILMS } });
    expect(Object.keys(measured.reference?.scores ?? {})).toEqual(measured.labels.map(({ name }) => name));
    expect(measured.sha256).toBe(manifest.sha256);
    const evaluatedCard = await card();
    expect(evaluatedCard).toContain('On labels.csv: 4 films of 2 patients');
    const carded = await run('card', 'net@1.0.0');
    expect(carded.output).toContain('3 of 31 source attributes are stated.');
    expect(carded.output).toContain('missing: 1(a) Name and contact information of the developer\n');
    expect(await card()).toBe(evaluatedCard);
    expect(await missingParts({ directory: folder, manifest: measured, digest: measured.sha256 })).toEqual([
      expect.stringMatching(/^in `card` of manifest\.json: developer .* trainingDataCriteria /),
    ]);

    expect((await run('list')).output).toMatch(/net@1\.0\.0 +INT8 +64 x 64 +14 +0\.\d{4} +[0-9a-f]{12} /);
    expect((await run('show', 'net@1.0.0')).output).toContain(manifest.sha256);
    expect(await run('verify')).toMatchObject({ exitCode: 0 });
    await appendFile(join(folder, 'model.fp32.onnx'), 'x');
    const verified = await run('verify');
    expect(verified.exitCode).toBe(1);
    expect(verified.output).toMatch(/^DIFFERENT .*net-1\.0\.0\/model\.fp32\.onnx$/m);
  });

  test('a ten-crop model with a target sensitivity, before it is compiled', async () => {
    const { models, source, films, labels } = await workspace();
    const steps = join(models, '..', 'steps.json');
    await writeFile(
      steps,
      JSON.stringify({
        version: 'ten-crop-1',
        grayscaleRule: 'grayscale-1',
        resize: { filter: 'bilinear-antialiased', height: 72, width: 72 },
        crop: 'ten',
        divisor: 255,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      }),
    );
    await run('import', source, '--name', 'net', '--version', '2', '--preprocessing', steps);
    const options = ['--labels', labels, '--images', films, '--sensitivity', '0.9', '--resamples', '5', '--json'];
    const { output } = await run('evaluate', 'net@2', ...options);
    expect(JSON.parse(output)).toMatchObject({
      preprocessing: 'grayscale-1/ten-crop-1',
      rule: { kind: 'sensitivity', target: 0.9 },
      chosenOn: 'FP32',
      agreement: null,
    });
    expect(await readdir(join(models, 'net-2'))).not.toContain('evaluation.json');
    const compiled = await run('compile', 'net@2', '--films', films, '--no-float');
    expect(compiled.output).toContain(`calibrated on ${10 * FILMS} images`);
    expect(JSON.parse((await run('show', 'net@2', '--json')).output)).toMatchObject({
      precision: 'INT8',
      outputs: { classActivationMap: null },
    });
    expect(await readdir(join(models, 'net-2'))).not.toContain('model.fp32.onnx');
    // FP32 out of the weights.
    expect(JSON.parse((await run('evaluate', 'net@2', ...options)).output).meanAuc).toHaveProperty('FP32');
  });

  test('what is wrong is said', async () => {
    const { source, films, labels } = await workspace();
    await expect(run('show', 'net@1')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await run('import', source, '--name', 'net', '--version', '1');
    await expect(run('show', 'net@9')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('net@1'),
    });
    await expect(run('compile', 'net@1')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(run('compile', 'net@1', '--films', `${films}-none`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(run('evaluate', 'net@1', '--labels', source, '--images', films)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    const both = ['--sensitivity', '0.9', '--keep-thresholds'];
    await expect(run('evaluate', 'net@1', '--labels', labels, '--images', films, ...both)).rejects.toThrow(
      /cannot be used/,
    );
    await expect(run('evaluate', 'net@1', '--labels', labels, '--images', films, '--sensitivity', '2')).rejects.toThrow(
      /above 0 and at most 1/,
    );
  });
});

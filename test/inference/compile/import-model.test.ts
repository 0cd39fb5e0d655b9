/** Import into a models folder, from a path and over HTTP. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writeSafetensors } from '../../../src/inference/compile/checkpoint/safetensors.ts';
import { download } from '../../../src/inference/compile/download.ts';
import { DENSENET_121 } from '../../../src/inference/compile/extract/architecture.ts';
import { type ImportOptions, importModel } from '../../../src/inference/compile/import-model.ts';
import { encodeModel } from '../../../src/inference/compile/onnx/encode.ts';
import { discoverModels } from '../../../src/inference/registry.ts';
import { temporaryFolder } from '../support.ts';
import { exportNet } from './support/exporter.ts';
import { stateDict, torchZipFile } from './support/pickle-writer.ts';
import { randomNet } from './support/tiny-net.ts';
import { torchState, written } from './support/torch-net.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A server of this machine that is closed when the test ends. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('import', () => {
  let onnx: Uint8Array;
  let checkpoint: Uint8Array;

  beforeAll(() => {
    onnx = encodeModel(exportNet(randomNet(DENSENET_121, { labels: 14 }), { size: 64 }));
    const thresholds = {
      dims: [18],
      values: Float32Array.from({ length: 18 }, (_, index) => (index === 0 ? Number.NaN : 0.25)),
    };
    const xrv = new Map([
      ...torchState(randomNet(DENSENET_121, { imageChannels: 1, labels: 18 })),
      ['op_threshs', thresholds],
    ]);
    const { value, storages } = stateDict(written(xrv), false);
    checkpoint = torchZipFile({ value, storages });
  });

  const options = async (bytes: Uint8Array): Promise<ImportOptions> => {
    const folder = await temporaryFolder();
    const source = join(folder, 'source.bin');
    await writeFile(source, bytes);
    return { source, name: 'chexnet', version: '1.0.0', modelsDirectory: join(folder, 'models') };
  };

  it('an ONNX file becomes a model version that the gateway finds', async () => {
    const given = await options(onnx);
    const { manifest, kind, check } = await importModel(given);
    expect(kind).toBe('onnx');
    expect(check.largestLogitDifference).toBeLessThan(1e-3);
    expect(manifest).toMatchObject({ precision: 'FP32', input: { height: 64, width: 64, channels: 3 } });
    const [found] = await discoverModels(given.modelsDirectory);
    expect(found?.manifest).toEqual(manifest);
    const files = await readdir(join(given.modelsDirectory, 'chexnet-1.0.0'));
    expect(Object.keys(manifest.card ?? {})).toEqual(['output', 'outputKind', 'demographicInputs']);
    expect(manifest.card?.output).toContain('a probability from 0 to 1 of each of 14 findings (Atelectasis, ');
    expect(manifest.provenance.architecture).toContain('compared with the original graph on 3 images');
    expect(files.sort()).toEqual(['MODEL_CARD.md', 'manifest.json', 'model.fp32.onnx', 'weights.safetensors']);
  });

  it('a torchxrayvision checkpoint brings one channel, its range, 18 labels and its thresholds', async () => {
    const given = await options(checkpoint);
    const { directory, manifest, kind } = await importModel({
      ...given,
      precision: 'F16',
      size: { height: 64, width: 64 },
    });
    expect(kind).toBe('torch-zip');
    expect(manifest.preprocessing).toMatchObject({ divisor: 255, mean: [0.5], std: [1 / 2048] });
    expect(manifest.labels).toHaveLength(18);
    expect(manifest.labels.slice(0, 2)).toEqual([
      { name: 'Atelectasis', threshold: 0.5 },
      { name: 'Consolidation', threshold: 0.25 },
    ]);
    expect((await readFile(join(directory, 'weights.safetensors'))).length).toBeLessThan(15e6);
    expect(await readFile(join(directory, 'MODEL_CARD.md'), 'utf8')).toContain('It was not evaluated.');
  });

  it('nothing is left behind when the source is refused', async () => {
    const given = await options(writeSafetensors(new Map([['x', { dims: [1], values: Float32Array.of(1) }]]), 'F32'));
    await expect(importModel(given)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(importModel({ ...given, sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'MODEL_DIGEST_MISMATCH',
    });
    await expect(readdir(given.modelsDirectory)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a version that is there is not overwritten', async () => {
    const given = await options(onnx);
    await mkdir(join(given.modelsDirectory, 'chexnet-1.0.0'), { recursive: true });
    await expect(importModel(given)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('from an address, with its digest only', async () => {
    const url = await serve((_request, response) => response.end(onnx));
    const given = { ...(await options(onnx)), source: `${url}/net.onnx?token=secret`, allowLoopback: true };
    await expect(importModel(given)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const { directory } = await importModel({ ...given, sha256: sha256(onnx) });
    expect(await readFile(join(directory, 'manifest.json'), 'utf8')).not.toContain('secret');
    expect(await readdir(join(given.modelsDirectory, '.downloads'))).toEqual([]);
  });
});

describe('download', () => {
  const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const wanted = async (url: string) => ({
    url,
    sha256: sha256(content),
    directory: await temporaryFolder(),
    maximumBytes: 1_000_000,
    allowLoopback: true,
  });

  /** Serves ranges; the first `broken` answers stay open after 50,000 bytes, to be broken off by the receiver. */
  const resumable = (broken: number, ranges: string[], open: ServerResponse[] = []): RequestListener => {
    let left = broken;
    return (request, response) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      ranges.push(request.headers.range ?? 'all');
      const rest = content.subarray(start);
      response.writeHead(start > 0 ? 206 : 200, {
        'content-length': rest.length,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` } : {}),
      });
      if (left-- > 0) {
        open.push(response);
        response.write(rest.subarray(0, 50_000));
      } else response.end(rest);
    };
  };

  it('goes on after broken connections and tells its progress', async () => {
    const ranges: string[] = [];
    const progress: number[] = [];
    const open: ServerResponse[] = [];
    const given = await wanted(await serve(resumable(2, ranges, open)));
    const onProgress = (received: number) => {
      progress.push(received);
      if (received % 50_000 === 0) open.shift()?.destroy();
    };
    const path = await download({ ...given, onProgress });
    expect(await readFile(path)).toEqual(content);
    expect(ranges).toEqual(['all', 'bytes=50000-', 'bytes=100000-']);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it('goes on with what an earlier run left', async () => {
    const ranges: string[] = [];
    const given = await wanted(await serve(resumable(0, ranges)));
    await writeFile(join(given.directory, `${given.sha256}.part`), content.subarray(0, 123_456));
    expect(await readFile(await download(given))).toEqual(content);
    expect(ranges).toEqual(['bytes=123456-']);
  });

  it('starts again where the server knows no ranges, and takes a part that is complete', async () => {
    const all = await wanted(await serve((_request, response) => response.end(content)));
    await writeFile(join(all.directory, `${all.sha256}.part`), content.subarray(0, 1000));
    expect(await readFile(await download(all))).toEqual(content);
    const done = await wanted(await serve((_request, response) => response.writeHead(416).end()));
    await writeFile(join(done.directory, `${done.sha256}.part`), content);
    expect(await readFile(await download(done))).toEqual(content);
  });

  it('keeps nothing of a file with another digest', async () => {
    const given = await wanted(await serve((_request, response) => response.end('something else')));
    await expect(download(given)).rejects.toMatchObject({ code: 'MODEL_DIGEST_MISMATCH' });
    expect(await readdir(given.directory)).toEqual([]);
  });

  it('stops at the largest size, announced or not', async () => {
    const announced = await wanted(await serve((_request, response) => response.end(content)));
    await expect(download({ ...announced, maximumBytes: 1000 })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    const chunked = await wanted(
      await serve((_request, response) => {
        response.write(content);
        response.end(content);
      }),
    );
    await expect(download({ ...chunked, maximumBytes: 1000 })).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  });

  it('follows few redirects, to allowed addresses only', async () => {
    const target = await serve((_request, response) => response.end(content));
    const once = await wanted(await serve((_request, response) => response.writeHead(302, { location: target }).end()));
    expect(await readFile(await download(once))).toEqual(content);
    const loop = await wanted(
      await serve((_request, response) => response.writeHead(302, { location: '/again' }).end()),
    );
    await expect(download(loop)).rejects.toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED' });
    const away = await wanted(
      await serve((_request, response) => response.writeHead(302, { location: 'http://example.invalid/' }).end()),
    );
    await expect(download(away)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('takes https only, and says what the server answered', async () => {
    const url = await serve((_request, response) => response.writeHead(404).end());
    const given = await wanted(`${url}/x?signature=secret`);
    await expect(download({ ...given, allowLoopback: false })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(download({ ...given, url: 'file:///etc/passwd' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(download({ ...given, sha256: 'none' })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const failed = await download(given).catch((error: unknown) => error as Error);
    expect(failed).toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED', message: expect.stringContaining('404') });
    expect(failed).toMatchObject({ message: expect.not.stringContaining('secret') });
  });

  it('ends when it is aborted or the server falls silent', async () => {
    const silent = await wanted(await serve((_request, response) => response.write(content.subarray(0, 10))));
    await expect(download({ ...silent, idleTimeoutMs: 50 })).rejects.toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED' });
    const abort = new AbortController();
    const running = download({ ...silent, signal: abort.signal, onProgress: () => abort.abort() });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

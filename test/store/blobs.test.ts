import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlobStore } from '../../src/store/blobs.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-blobs-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function openBlobs(limits: { maxFileBytes?: number; minFreeDiskBytes?: number } = {}): Promise<BlobStore> {
  const blobs = new BlobStore({ directory: folder, maxFileBytes: 1000, minFreeDiskBytes: 0, ...limits });
  await blobs.open();
  return blobs;
}

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

const incoming = () => readdir(join(folder, 'incoming'));

describe('the blob store', () => {
  it('keeps a film under its digest, whole', async () => {
    const blobs = await openBlobs();
    const staged = await blobs.stage(chunks('first ', 'second'));
    const sha256 = createHash('sha256').update('first second').digest('hex');
    expect(staged).toMatchObject({ sha256, byteLength: 12 });
    await blobs.keep(staged);
    const { key } = staged;
    expect(key).toBe(`${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.dcm`);
    expect(await readFile(blobs.path(key), 'utf8')).toBe('first second');
    expect(await incoming()).toEqual([]);
  });

  it('leaves nothing behind of a film that is too large or whose source fails', async () => {
    const blobs = await openBlobs({ maxFileBytes: 10 });
    await expect(blobs.stage(chunks('12345', '678901'))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    const broken = (async function* () {
      yield Buffer.from('12345');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    })();
    await expect(blobs.stage(broken)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(await incoming()).toEqual([]);
  });

  it('refuses films while too little space is free', async () => {
    const blobs = await openBlobs({ minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
    await expect(blobs.stage(chunks('x'))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  });

  it('removes at its opening and at each sweep what uploads that died long ago left', async () => {
    await openBlobs();
    const [old, fresh] = [join(folder, 'incoming', 'old'), join(folder, 'incoming', 'fresh')];
    await writeFile(old, 'x');
    await writeFile(fresh, 'x');
    const longAgo = new Date(Date.now() - 48 * 3600_000);
    await utimes(old, longAgo, longAgo);
    const blobs = await openBlobs();
    expect(await incoming()).toEqual(['fresh']);
    await utimes(fresh, longAgo, longAgo);
    const [staged, kept] = [await blobs.stage(chunks('living')), await blobs.stage(chunks('kept'))];
    await blobs.keep(kept);
    await utimes(blobs.path(kept.key), longAgo, longAgo);
    await blobs.sweep();
    expect(await incoming()).toEqual([basename(staged.path)]);
    await blobs.keep(staged);
    for (const { key, byteLength } of [staged, kept]) expect(await blobs.holds(key, byteLength)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { readParts } from '../../src/http/multipart/reader.ts';

const MESSAGE = Buffer.from(
  [
    'preamble that means nothing',
    '--edge',
    'Content-Type: application/dicom',
    'X-Folded: one',
    '  two',
    '',
    'first\r\n--edg\r\n\r\n-- edge',
    '--edge \t',
    '',
    '',
    '--edge',
    '',
    '\r',
    '--edge--',
    'epilogue\r\n--edge that means nothing',
  ].join('\r\n'),
);
const EXPECTED = ['first\r\n--edg\r\n\r\n-- edge', '', '\r'];

async function* inChunks(message: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < message.byteLength; at += size) yield message.subarray(at, at + size);
}

async function collect(
  source: AsyncIterable<Uint8Array>,
  boundary = 'edge',
): Promise<{ bodies: string[]; types: unknown[] }> {
  const bodies: string[] = [];
  const types: unknown[] = [];
  for await (const part of readParts(source, boundary)) {
    types.push(part.headers.get('content-type'));
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks).toString('latin1'));
    await part.released;
  }
  return { bodies, types };
}

describe('readParts', () => {
  it('reads the same parts whatever the size of the chunks', async () => {
    for (let size = 1; size <= MESSAGE.byteLength; size += 1) {
      expect(await collect(inChunks(MESSAGE, size)), `chunks of ${size} bytes`).toEqual({
        bodies: EXPECTED,
        types: ['application/dicom', undefined, undefined],
      });
    }
  });

  it('reads the same parts wherever the message is split in two', async () => {
    for (let at = 1; at < MESSAGE.byteLength; at += 1) {
      async function* two() {
        yield MESSAGE.subarray(0, at);
        yield MESSAGE.subarray(at);
      }
      expect((await collect(two())).bodies, `split at ${at}`).toEqual(EXPECTED);
    }
  });

  it('unfolds headers and ignores the case of their names', async () => {
    const message = Buffer.from('--e\r\nCONTENT-type: a/b\r\nX-Long: one\r\n\ttwo\r\n\r\nx\r\n--e--');
    for await (const part of readParts(inChunks(message, 7), 'e')) {
      expect(Object.fromEntries(part.headers)).toEqual({ 'content-type': 'a/b', 'x-long': 'one two' });
    }
  });

  it('takes a part of headers only, whose empty line is the line break of the delimiter', async () => {
    const message = Buffer.from('--e\r\nContent-Type: a/b\r\n\r\n--e--');
    expect(await collect(inChunks(message, 3), 'e')).toEqual({ bodies: [''], types: ['a/b'] });
  });

  it('takes a message without parts', async () => {
    expect((await collect(inChunks(Buffer.from('--e--\r\n'), 2), 'e')).bodies).toEqual([]);
  });

  it('refuses a message that ends anywhere before its closing delimiter, and says so to the reader of the last part', async () => {
    const end = MESSAGE.indexOf('--edge--') + '--edge--'.length;
    for (let length = 0; length < end; length += 1) {
      await expect(collect(inChunks(MESSAGE.subarray(0, length), 16)), `first ${length} bytes`).rejects.toMatchObject({
        code: 'BAD_REQUEST',
      });
    }
  });

  it.each([
    ['a line that goes on after its boundary', '--e\r\n\r\nx\r\n--ef\r\n\r\ny\r\n--e--'],
    ['a header without a colon', '--e\r\nContent-Type\r\n\r\nx\r\n--e--'],
    ['a header given twice', '--e\r\nA: 1\r\na: 2\r\n\r\nx\r\n--e--'],
    ['headers without end', `--e\r\n${'A: 1\r\n'.repeat(10_000)}`],
    ['no boundary at all', 'x'.repeat(200_000)],
  ])('refuses %s', async (_what, text) => {
    await expect(collect(inChunks(Buffer.from(text), 1000), 'e')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('skips what a reader leaves of a part', async () => {
    const first: string[] = [];
    for await (const part of readParts(inChunks(MESSAGE, 4), 'edge')) {
      for await (const chunk of part.body) {
        first.push(Buffer.from(chunk).toString('latin1'));
        break;
      }
      await part.released;
    }
    expect(first).toEqual(['first', '\r']);
  });

  it('pulls: the source is asked for no more than the reader takes', async () => {
    let given = 0;
    async function* endless() {
      yield Buffer.from('--e\r\n\r\n');
      for (;;) {
        given += 1;
        yield Buffer.alloc(1000, 'x');
      }
    }
    for await (const part of readParts(endless(), 'e')) {
      let taken = 0;
      for await (const chunk of part.body) {
        taken += chunk.byteLength;
        expect(given * 1000 - taken).toBeLessThanOrEqual(1000);
        if (taken > 50_000) break;
      }
      break;
    }
    expect(given).toBeLessThanOrEqual(52);
  });

  it('passes on what the source throws, to the reader and to whoever waits for the next part', async () => {
    const failure = new Error('reset');
    async function* broken() {
      yield Buffer.from('--e\r\n\r\nabc');
      throw failure;
    }
    const parts = readParts(broken(), 'e');
    const { value: part } = await parts.next();
    const chunks: Uint8Array[] = [];
    await expect(
      (async () => {
        for await (const chunk of part?.body ?? []) chunks.push(chunk);
      })(),
    ).rejects.toBe(failure);
    expect(Buffer.concat(chunks).toString()).toBe('abc');
    await expect(parts.next()).rejects.toBe(failure);
  });
});

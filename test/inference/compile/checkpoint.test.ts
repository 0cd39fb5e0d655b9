/** PyTorch checkpoints of both formats: read, and refused where they are damaged or more than data. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpickle } from '../../../src/inference/compile/checkpoint/pickle.ts';
import { parseCheckpoint, readCheckpoint } from '../../../src/inference/compile/checkpoint/read-checkpoint.ts';
import type { StateDict } from '../../../src/inference/compile/checkpoint/state-dict.ts';
import { torchHost } from '../../../src/inference/compile/checkpoint/torch-objects.ts';
import { temporaryFolder } from '../support.ts';
import {
  type Python,
  pickle,
  stateDict,
  torchLegacyFile,
  torchZipFile,
  type Written,
  zipFile,
} from './support/pickle-writer.ts';
import { randomNet, TINY } from './support/tiny-net.ts';
import { bytesOf, torchState, written } from './support/torch-net.ts';

const state = torchState(randomNet(TINY));

/** Three small tensors: enough for what is about the format. */
const small: StateDict = new Map([...state].slice(0, 3));

const formats = {
  zip: (value: Written) => torchZipFile(value),
  'deflated zip': (value: Written) => torchZipFile(value, { deflate: true }),
  legacy: (value: Written) => torchLegacyFile(value),
};

const write = (format: keyof typeof formats, wrap = (value: Python): Python => value, tensors = written(small)) => {
  const { value, storages } = stateDict(tensors, format === 'legacy');
  return formats[format]({ value: wrap(value), storages });
};

const problem = (bytes: Uint8Array): string => {
  try {
    parseCheckpoint(bytes, 'weights.pth');
  } catch (error) {
    expect(error).toMatchObject({ name: 'GatewayError', code: 'MODEL_INVALID' });
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe.each(Object.keys(formats) as (keyof typeof formats)[])('a checkpoint as %s', (format) => {
  it('gives its tensors', () => {
    const { value, storages } = stateDict(written(state), format === 'legacy');
    expect(parseCheckpoint(formats[format]({ value, storages }), 'weights.pth')).toEqual(state);
  });

  it.each(['state_dict', 'model', 'model_state_dict'])('gives those within the wrapper %s', (name) => {
    const wrap = (value: Python): Python => ({
      dict: [
        ['epoch', 7],
        ['best_loss', 0.25],
        ['optimizer', { dict: [['param_groups', []]] }],
        [name, value],
      ],
    });
    expect(parseCheckpoint(write(format, wrap), 'weights.pth')).toEqual(small);
  });

  it('gives those of a whole module without making one', () => {
    const module = (attributes: (readonly [Python, Python])[]): Python => ({
      call: { global: ['torch.nn.modules.container', 'Sequential'] },
      argumentList: [],
      state: { dict: attributes },
    });
    const wrap = (value: Python): Python =>
      module([
        ['training', false],
        ['_modules', { dict: [['features', module([['_parameters', value]])]] }],
      ]);
    const found = parseCheckpoint(write(format, wrap), 'weights.pth');
    expect([...found.keys()]).toEqual([...small.keys()].map((name) => `features.${name}`));
  });

  it('is refused when it ends early, wherever', () => {
    const whole = write(format);
    const steps = Math.max(1, Math.floor(whole.length / 150));
    for (let length = 0; length < whole.length; length += steps) problem(whole.subarray(0, length));
    problem(whole.subarray(0, whole.length - 1));
  });

  it('survives any changed byte: read, or refused', () => {
    const whole = write(format);
    for (let index = 0; index < whole.length; index += Math.max(1, Math.floor(whole.length / 400))) {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ 0xff;
      try {
        parseCheckpoint(changed, 'weights.pth');
      } catch (error) {
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
      }
    }
  });
});

describe('pickles that carry programs', () => {
  const shell = (marker: string): Python => ({
    call: { global: ['os', 'system'] },
    argumentList: [`touch ${marker}`],
  });
  const attacks: Readonly<Record<string, (marker: string) => Python>> = {
    'os.system': shell,
    'posix.system': (marker) => ({ call: { global: ['posix', 'system'] }, argumentList: [`touch ${marker}`] }),
    'builtins.eval': (marker) => ({
      call: { global: ['builtins', 'eval'] },
      argumentList: [`open(${JSON.stringify(marker)}, 'w')`],
    }),
    'builtins.getattr': () => ({
      call: { global: ['builtins', 'getattr'] },
      argumentList: [{ global: ['torch', 'float32'] }, 'x'],
    }),
    'subprocess.Popen': (marker) => ({ call: { global: ['subprocess', 'Popen'] }, argumentList: [['touch', marker]] }),
    'torch.hub.load': () => ({ call: { global: ['torch.hub', 'load'] }, argumentList: ['someone/something'] }),
  };

  it.each(Object.entries(attacks))('%s is refused by name and not run', async (name, attack) => {
    const marker = join(await temporaryFolder(), 'ran');
    for (const format of ['zip', 'legacy'] as const) {
      const hidden = (value: Python): Python => ({
        dict: [
          ['state_dict', value],
          // Deep within arguments of what is allowed.
          ['hook', { call: { global: ['collections', 'OrderedDict'] }, argumentList: [[[attack(marker), 1]]] }],
        ],
      });
      const message = problem(write(format, hidden));
      expect(message).toContain(JSON.stringify(name));
      expect(message).toContain('not run');
    }
    expect(existsSync(marker)).toBe(false);
  });

  const refused = (bytes: Uint8Array) => {
    expect(() => unpickle(bytes, torchHost)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  };

  it('names put together on the stack are refused too', () => {
    refused(Buffer.from('\x80\x04\x8c\x02os\x8c\x06system\x93.', 'latin1'));
  });

  it.each(['ios\nsystem\n.', '(cos\nsystem\no.', '\x82\x01.', '\x80\x02]N\x92.'])(
    'opcode form %j is refused',
    (bytes) => {
      refused(Buffer.from(bytes, 'latin1'));
    },
  );

  it('calls of what is no name are refused', () => {
    refused(Buffer.concat([Buffer.from('N)R.')]));
    refused(pickle({ call: { global: ['torch', 'FloatStorage'] }, argumentList: [] }));
  });

  it('a list that holds itself does no harm', () => {
    const loop = Buffer.from(']q\x00h\x00a.', 'latin1');
    expect(Array.isArray(unpickle(loop, torchHost).value)).toBe(true);
    problem(Buffer.concat([pickle(1), loop]));
  });

  it('a memo that doubles without end stays small', () => {
    // Thirty lists, each of the one before it twice: 2 ** 30 items if they were copied.
    const doubling = Array.from(
      { length: 30 },
      (_, index) => `](h${String.fromCharCode(index)}h${String.fromCharCode(index)}eq${String.fromCharCode(index + 1)}`,
    );
    const bytes = Buffer.from(`]q\x00${doubling.join('')}.`, 'latin1');
    expect(unpickle(bytes, torchHost).end).toBe(bytes.length);
  });

  it('nested dictionaries do not exhaust the stack', () => {
    const depth = 100_000;
    const bytes = Buffer.from(`${'}X\x01\x00\x00\x00a'.repeat(depth)}N${'s'.repeat(depth)}.`, 'latin1');
    const zip = zipFile([['a/data.pkl', bytes]]);
    expect(problem(zip)).toContain('no tensors');
  });

  it('lengths beyond the end are refused before anything is reserved', () => {
    refused(Buffer.from('\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f', 'latin1'));
    refused(Buffer.from('\x8b\xff\xff\xff\x7f', 'latin1'));
    refused(Buffer.from('(((((e.', 'latin1'));
    refused(Buffer.from('h\x05.', 'latin1'));
  });
});

describe('tensors', () => {
  const tensor = (changes: object) =>
    new Map([
      [
        'a',
        {
          dims: [2, 3],
          bytes: bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)),
          storage: 'FloatStorage',
          elementBytes: 4,
          ...changes,
        },
      ],
    ]);

  it('transposed views come out row-major', () => {
    const bytes = write('zip', undefined, tensor({ dims: [3, 2], strides: [1, 3] }));
    expect([...(parseCheckpoint(bytes, 'x').get('a')?.values ?? [])]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it.each([
    ['beyond their storage', { dims: [2, 4] }],
    ['that repeat their storage', { dims: [1000, 1000], strides: [0, 0] }],
    ['of more numbers than memory', { dims: [2 ** 31 - 1, 2 ** 31 - 1] }],
    ['of negative size', { dims: [-1, 3] }],
    ['of an unknown number format', { storage: 'QInt8Storage' }],
  ])('%s are refused', (_name, changes) => {
    problem(write('zip', undefined, tensor(changes)));
    problem(write('legacy', undefined, tensor(changes)));
  });

  it.each([
    ['LongStorage', 8, BigInt64Array.of(1n, -2n, 3n, 4n, 5n, 6n)],
    ['DoubleStorage', 8, Float64Array.of(1, -2, 3, 4, 5, 6)],
    ['BFloat16Storage', 2, Uint16Array.of(0x3f80, 0xc000, 0x4040, 0x4080, 0x40a0, 0x40c0)],
    ['HalfStorage', 2, Uint16Array.of(0x3c00, 0xc000, 0x4200, 0x4400, 0x4500, 0x4600)],
    ['ByteStorage', 1, Uint8Array.of(1, 2, 3, 4, 5, 6)],
  ])('%s is read', (storage, elementBytes, values) => {
    const bytes = write('legacy', undefined, tensor({ storage, elementBytes, bytes: bytesOf(values) }));
    const second = storage === 'ByteStorage' ? 2 : -2;
    expect([...(parseCheckpoint(bytes, 'x').get('a')?.values ?? [])]).toEqual([1, second, 3, 4, 5, 6]);
  });
});

describe('other files', () => {
  it('TorchScript is refused with what to do', () => {
    const { value, storages } = stateDict(written(small), false);
    expect(problem(torchZipFile({ value, storages }, { extra: ['archive/constants.pkl'] }))).toContain('TorchScript');
  });

  it('HDF5, an empty file and a web page are refused', async () => {
    expect(problem(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'))).toContain('tf2onnx');
    problem(Buffer.alloc(0));
    const page = join(await temporaryFolder(), 'model.pth');
    await writeFile(page, '<!doctype html><title>404</title>');
    await expect(readCheckpoint(page)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(readCheckpoint(`${page}.none`)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('a damaged entry of a zip is noticed by its checksum', () => {
    const whole = write('zip');
    const data = whole.indexOf('archive/data/0') + 'archive/data/0'.length;
    whole[data] = (whole[data] ?? 0) ^ 1;
    expect(problem(whole)).toContain('is damaged');
  });

  it('a deflated entry cannot grow beyond what its directory says', () => {
    const whole = zipFile([['a/data.pkl', Buffer.alloc(1 << 20)]], true);
    const directory = whole.indexOf('PK\x01\x02');
    whole.writeUInt32LE(10, directory + 24);
    expect(problem(whole)).toContain('cannot be inflated');
  });
});

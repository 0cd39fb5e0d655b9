import { describe, expect, test } from 'vitest';
import { accumulatesIn32Bits, describeProcessor, thisProcessor } from '../../src/inference/processor.ts';

const cpuinfo = (fields: Record<string, string>) =>
  ['processor\t: 0', ...Object.entries(fields).map(([key, value]) => `${key}\t: ${value}`), ''].join('\n');

describe('describeProcessor', () => {
  test('takes name and instruction sets from /proc/cpuinfo of x86-64', () => {
    const text = cpuinfo({ 'model name': 'Intel(R) Xeon(R) Gold 6338', flags: 'fpu avx2 avx512f avx512_vnni' });
    expect(describeProcessor(text, 'other', 'x64')).toEqual({
      model: 'Intel(R) Xeon(R) Gold 6338',
      architecture: 'x64',
      flags: ['fpu', 'avx2', 'avx512f', 'avx512_vnni'],
    });
  });

  test('takes instruction sets from Features on Arm, and the name from the system', () => {
    const described = describeProcessor(cpuinfo({ Features: 'fp asimd asimddp' }), 'Neoverse-N1', 'arm64');
    expect(described).toEqual({ model: 'Neoverse-N1', architecture: 'arm64', flags: ['fp', 'asimd', 'asimddp'] });
  });

  test('knows no instruction sets where there is no /proc/cpuinfo', () => {
    expect(describeProcessor('', '', 'x64')).toEqual({ model: 'unknown', architecture: 'x64', flags: null });
  });

  test('describes this machine', async () => {
    const { model, architecture } = await thisProcessor();
    expect(model).not.toBe('');
    expect(architecture).toBe(process.arch);
  });
});

test.each([
  ['AVX-512 VNNI', ['avx2', 'avx512f', 'avx512_vnni'], true],
  ['AVX-VNNI', ['avx2', 'avx_vnni'], true],
  ['AVX-512 without VNNI', ['avx2', 'avx512f', 'avx512bw'], false],
  ['AVX2', ['avx2'], false],
  ['Arm with dot products', ['asimd', 'asimddp'], true],
  ['Arm with matrix products', ['asimd', 'i8mm'], true],
  ['Arm without', ['asimd'], false],
  ['unknown instruction sets', null, false],
])('%s', (_, flags, exact) => {
  expect(accumulatesIn32Bits({ model: 'a processor', architecture: 'any', flags })).toBe(exact);
});

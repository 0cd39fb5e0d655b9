/** What processor this machine has, as far as it decides which engines compute exactly. */
import { readFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';

/** A processor. */
export interface Processor {
  /** Name by which its maker calls it. */
  readonly model: string;
  /** As Node names it: x64, arm64. */
  readonly architecture: string;
  /** Instruction sets as the kernel names them, in its order; null where the system does not tell them. */
  readonly flags: readonly string[] | null;
}

/** uint8 x int8 products added up in 32 bits: VNNI of x86-64 (vpdpbusd), dot products of Arm (usdot, udot). */
const WIDE_ACCUMULATION = ['avx512_vnni', 'avx_vnni', 'asimddp', 'i8mm'];

/** All of Apple's 64-bit processors for computers have dot products; macOS has no /proc to say so. */
const APPLE_SILICON = 'Features : asimddp';

/** The processor of this machine. Linux tells its instruction sets, other systems its name only. */
export async function thisProcessor(): Promise<Processor> {
  const isAppleSilicon = platform() === 'darwin' && arch() === 'arm64';
  const cpuinfo = isAppleSilicon ? APPLE_SILICON : await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return describeProcessor(cpuinfo, cpus()[0]?.model.trim() ?? '', arch());
}

/**
 * What a system tells of its processor.
 *
 * @param cpuinfo - content of /proc/cpuinfo; empty where there is none
 * @param name - the processor's name where /proc/cpuinfo gives none, as on Arm
 */
export function describeProcessor(cpuinfo: string, name: string, architecture: string): Processor {
  const field = (key: RegExp) => key.exec(cpuinfo)?.[1]?.trim();
  const flags = field(/^(?:flags|Features)\s*:(.*)$/m);
  return {
    model: field(/^model name\s*:(.*)$/m) ?? (name === '' ? 'unknown' : name),
    architecture,
    flags: flags === undefined ? null : flags.split(/\s+/),
  };
}

/** Instruction sets by which ONNX Runtime chooses its kernels. */
const KERNEL_FLAGS = [
  'sse4_1',
  'avx',
  'avx2',
  'fma',
  'avx512f',
  'avx512bw',
  'avx512vl',
  'avx512_vnni',
  'avx512_bf16',
  'avx_vnni',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimddp',
  'i8mm',
  'bf16',
  'sve',
];

/** A processor in a line that is equal for two that compute alike: `AMD EPYC 9B45, x64: avx2 avx512_vnni`. */
export function nameProcessor({ model, architecture, flags }: Processor): string {
  const named = KERNEL_FLAGS.filter((flag) => flags?.includes(flag) ?? false);
  return `${model}, ${architecture}: ${flags === null ? 'instruction sets unknown' : named.join(' ')}`;
}

/** Whether 8-bit weights are exact. Not where the instruction sets are unknown: nothing is assumed in a processor's favour. */
export function accumulatesIn32Bits({ flags }: Processor): boolean {
  return flags?.some((flag) => WIDE_ACCUMULATION.includes(flag)) ?? false;
}

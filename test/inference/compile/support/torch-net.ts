/** A net's weights under torch's names, with running statistics as a trained net has them. */
import { floatToHalf } from '../../../../src/inference/compile/checkpoint/half.ts';
import type { StateDict, StateTensor } from '../../../../src/inference/compile/checkpoint/state-dict.ts';
import type { DenseNet } from '../../../../src/inference/compile/dense-net.ts';
import { stateDictFromNet } from '../../../../src/inference/compile/extract/to-state-dict.ts';
import type { WrittenTensor } from './pickle-writer.ts';

/** state_dict() of a net: every norm with gamma, beta, mean and variance. */
export function torchState(net: DenseNet): StateDict {
  const state = new Map<string, StateTensor>();
  for (const [name, tensor] of stateDictFromNet(net)) {
    const norm = /^(.*norm\d?)\.(weight|bias)$/.exec(name);
    if (norm === null) {
      state.set(name, tensor);
      continue;
    }
    const [, prefix, kind] = norm;
    const size = tensor.dims[0] ?? 0;
    const variance = Float32Array.from({ length: size }, (_, index) => 0.25 + (index % 9) / 4);
    const mean = Float32Array.from({ length: size }, (_, index) => (index % 7) / 8 - 0.25);
    if (kind === 'weight') {
      const gamma = tensor.values.map((scale, index) => scale * Math.sqrt((variance[index] ?? 0) + 1e-5));
      state.set(name, { dims: [size], values: gamma });
      state.set(`${prefix}.running_mean`, { dims: [size], values: mean });
      state.set(`${prefix}.running_var`, { dims: [size], values: variance });
    } else {
      const scale = stateDictFromNet(net).get(`${prefix}.weight`)?.values ?? new Float32Array();
      const beta = tensor.values.map((shift, index) => shift + (mean[index] ?? 0) * (scale[index] ?? 0));
      state.set(name, { dims: [size], values: beta });
    }
  }
  return state;
}

/** Other names for the same tensors. */
export function renamed(state: StateDict, rename: (name: string) => string): StateDict {
  return new Map([...state].map(([name, tensor]) => [rename(name), tensor]));
}

/** The names of CheXNet's public file of 2017. */
export function chexNetName(name: string): string {
  const numbered = name.replace(/(denselayer\d+)\.(norm|conv)(\d)/, '$1.$2.$3');
  return `module.densenet121.${numbered.replace('classifier.', 'classifier.0.')}`;
}

/** float32 tensors as torch writes them. */
export function written(state: StateDict): Map<string, WrittenTensor> {
  return new Map(
    [...state].map(([name, { dims, values }]) => [
      name,
      { dims, bytes: bytesOf(values), storage: 'FloatStorage', elementBytes: 4 },
    ]),
  );
}

/** The same in half precision. */
export function writtenHalf(state: StateDict): Map<string, WrittenTensor> {
  return new Map(
    [...state].map(([name, { dims, values }]) => [
      name,
      { dims, bytes: bytesOf(floatToHalf(values)), storage: 'HalfStorage', elementBytes: 2 },
    ]),
  );
}

/** Memory of a typed array. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * Calibration: the FP32 net reads films, and the values that will become integers are measured channel by channel.
 */
import { GatewayError } from '../../errors.ts';
import { GraphRunner, type NumericTensor } from '../graph-runner.ts';
import type { Calibration, RangeMethod } from './calibration.ts';
import type { DenseNet } from './dense-net.ts';
import { emitFloat } from './emit-float.ts';
import { Measurement } from './measurement.ts';
import { encodeModel } from './onnx/encode.ts';
import { IMAGE } from './tensor-names.ts';

/**
 * Share of its width by which a range is widened at each end, unless told otherwise. Clipping hurts more than coarse steps:
 * the films that differ most from FP32 are those that go beyond the ranges seen. With the demonstration model and the
 * ranges of 128 films, the mean |dp| over 300 others was 0.00076 at a margin of 0, 0.00038 at 0.25 and 0.00054 at 0.35, the
 * largest 0.066, 0.012 and 0.016.
 */
export const MARGIN = 0.25;

/**
 * How ranges are chosen unless told otherwise. With the margin all three suffice; the mean |dp| of the demonstration model was
 * 0.00038 with minmax, 0.00041 with percentile and 0.00044 with mse. `model compile --method` has the same default.
 */
const METHOD: RangeMethod = 'minmax';

/** How often calibration reads each film: the extremes alone need no histograms. */
export function passesOf(method: RangeMethod): 1 | 2 {
  return method === 'minmax' ? 1 : 2;
}

/** How to calibrate. */
export interface CalibrateOptions {
  /** Size of the films in pixels. */
  readonly height: number;
  readonly width: number;
  /** How ranges are chosen; {@link METHOD} when left out. */
  readonly method?: RangeMethod;
  /** See {@link MARGIN}. */
  readonly margin?: number;
  /** ONNX Runtime threads. */
  readonly threads?: number;
  /** Called behind each film of each pass. */
  readonly onProgress?: (progress: { readonly pass: 1 | 2; readonly films: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Measures a net's activations on films.
 *
 * @param films - normalised films [channels, height, width], as preprocess.ts makes them; iterated as often as {@link passesOf}
 *   says, and must give the same films each time. Nothing of them is kept.
 * @throws GatewayError BAD_REQUEST when there is no film, or one has another size; INFERENCE_FAILED
 */
export async function calibrate(
  net: DenseNet,
  films: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  options: CalibrateOptions,
): Promise<Calibration> {
  const { method = METHOD, margin = MARGIN, height, width } = options;
  const measurement = new Measurement(net);
  const runner = await GraphRunner.load(encodeModel(emitFloat(net, { taps: true })), options.threads);
  try {
    for (const pass of ([1, 2] as const).slice(0, passesOf(method))) {
      let count = 0;
      for await (const film of films) {
        options.signal?.throwIfAborted();
        const tensors = await runner.run({ [IMAGE]: imageTensor(net, film, options) }, measurement.taps);
        if (pass === 1) measurement.addExtremes(film.subarray(0, height * width), tensors);
        else measurement.addHistograms(tensors);
        count++;
        options.onProgress?.({ pass, films: count });
      }
      if (count === 0) throw new GatewayError('BAD_REQUEST', 'There is no film to calibrate on.');
      if (count !== measurement.films) {
        throw new GatewayError('BAD_REQUEST', `The first pass saw ${measurement.films} films, the second ${count}.`);
      }
    }
  } finally {
    await runner[Symbol.asyncDispose]();
  }
  return measurement.result({ method, margin, height, width });
}

function imageTensor(net: DenseNet, film: Float32Array, { height, width }: CalibrateOptions): NumericTensor {
  const channels = net.stem.conv.inputs;
  if (film.length !== channels * height * width) {
    throw new GatewayError(
      'BAD_REQUEST',
      `A film has ${film.length} values, not ${channels} channels of ${height} x ${width}.`,
    );
  }
  return { dims: [1, channels, height, width], data: film };
}

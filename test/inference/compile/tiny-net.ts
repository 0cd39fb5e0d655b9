/** Small DenseNets with pseudo-random weights, and films for them. */
import type { Affine, Convolution, DenseBlock, DenseNet } from '../../../src/inference/compile/dense-net.ts';
import type { Normalisation } from '../../../src/inference/compile/stem.ts';

/** ImageNet's, as CheXNet uses it. */
export const THREE_CHANNELS: Normalisation = {
  divisor: 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** torchxrayvision's: -1024 to 1024. */
export const ONE_CHANNEL: Normalisation = { divisor: 255, mean: [0.5], std: [1 / 2048] };

export interface TinyNetOptions {
  readonly seed?: number;
  readonly channels?: 1 | 3;
  /** Layers of each block. */
  readonly blocks?: readonly number[];
  readonly stem?: number;
  readonly growth?: number;
  readonly bottleneck?: number;
  readonly labels?: number;
  /** Share of the BatchNorm scales that are negative, and that are 0. */
  readonly negative?: number;
  readonly zero?: number;
}

/** Uniform numbers in -1..1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** A net whose activations keep about the same size from layer to layer. */
export function tinyNet(options: TinyNetOptions = {}): DenseNet {
  const { seed = 1, channels = 3, blocks = [2, 3], stem = 8, growth = 4, bottleneck = 8, labels = 3 } = options;
  const next = random(seed);
  const convolution = (outputs: number, inputs: number, kernel: number, gain = 1): Convolution => {
    const size = gain * Math.sqrt(6 / (inputs * kernel * kernel));
    const weights = Float32Array.from({ length: outputs * inputs * kernel * kernel }, () => size * next());
    return { outputs, inputs, kernel, weights, bias: null };
  };
  const norm = (size: number): Affine => ({
    scale: Float32Array.from({ length: size }, () => scaleOf(next, options)),
    shift: Float32Array.from({ length: size }, () => 0.5 * next()),
  });
  let features = stem;
  const built = blocks.map((layers, index): DenseBlock => {
    const dense = Array.from({ length: layers }, () => {
      const layer = {
        norm1: norm(features),
        conv1: convolution(bottleneck, features, 1),
        norm2: norm(bottleneck),
        conv2: convolution(growth, bottleneck, 3),
      };
      features += growth;
      return layer;
    });
    if (index === blocks.length - 1) return { layers: dense, transition: null };
    const halved = Math.floor(features / 2);
    const transition = { norm: norm(features), conv: convolution(halved, features, 1) };
    features = halved;
    return { layers: dense, transition };
  });
  // The one-channel form takes values of up to 1024.
  const stemConv = convolution(stem, channels, 7, channels === 1 ? 1 / 600 : 1);
  return {
    stem: { conv: stemConv, norm: norm(stem) },
    blocks: built,
    head: {
      norm: norm(features),
      weights: Float32Array.from({ length: labels * features }, () => next()),
      bias: Float32Array.from({ length: labels }, () => next()),
      labels,
    },
  };
}

function scaleOf(next: () => number, { negative = 0, zero = 0 }: TinyNetOptions): number {
  const kind = (next() + 1) / 2;
  const size = 1 + 0.5 * next();
  if (kind < zero) return 0;
  return kind < zero + negative ? -size : size;
}

/** Smooth grey films: whole numbers 0..255. */
export function greyFilms(count: number, height: number, width: number, seed = 9): Uint8Array[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const [a, b, c, d] = [next(), next(), next(), next()];
    return Uint8Array.from({ length: height * width }, (_, index) => {
      const y = Math.floor(index / width) / height;
      const x = (index % width) / width;
      const wave = Math.sin(7 * a * x + 5 * b * y) + Math.cos(9 * c * x * y + 3 * d) + 0.3 * next();
      return Math.max(0, Math.min(255, Math.round(127.5 + 60 * wave)));
    });
  });
}

/** A film as the net's input [channels, height, width], all channels the same grey. */
export function normalised(film: Uint8Array, { divisor, mean, std }: Normalisation): Float32Array {
  const values = new Float32Array(mean.length * film.length);
  mean.forEach((shift, channel) => {
    film.forEach((grey, pixel) => {
      values[channel * film.length + pixel] = (grey / divisor - shift) / (std[channel] as number);
    });
  });
  return values;
}

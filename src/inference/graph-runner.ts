/**
 * Any ONNX graph in ONNX Runtime, for the compiler: tensors by name in, tensors by name out. Films are read by
 * session.ts.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GatewayError } from '../errors.ts';
import { sessionOptions } from './session-options.ts';

/** Values row-major. */
export interface NumericTensor<Values extends Float32Array | Uint8Array = Float32Array | Uint8Array> {
  readonly dims: readonly number[];
  readonly data: Values;
}

/** A loaded graph. */
export class GraphRunner implements AsyncDisposable {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * @param model - bytes of an ONNX file
   * @param intraOpThreads - ONNX Runtime threads
   * @throws GatewayError MODEL_INVALID when ONNX Runtime refuses it
   */
  static async load(model: Uint8Array, intraOpThreads = 1): Promise<GraphRunner> {
    const session = await InferenceSession.create(model, sessionOptions(intraOpThreads)).catch((cause: unknown) => {
      throw new GatewayError('MODEL_INVALID', `ONNX Runtime cannot load the graph: ${reason(cause)}.`, {}, { cause });
    });
    return new GraphRunner(session);
  }

  /** Names of the graph's inputs. */
  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  /** Names of the graph's outputs. */
  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /**
   * Runs the graph once.
   *
   * @param outputs - names of the outputs that are wanted; all of them when left out
   * @throws GatewayError INFERENCE_FAILED; MODEL_INVALID when an output is neither float32 nor uint8
   */
  async run(
    inputs: Readonly<Record<string, NumericTensor>>,
    outputs: readonly string[] = this.outputNames,
  ): Promise<ReadonlyMap<string, NumericTensor>> {
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toNative(tensor)]));
    const results = await this.#session.run(feeds, outputs).catch((cause: unknown) => {
      throw new GatewayError('INFERENCE_FAILED', `ONNX Runtime cannot run the graph: ${reason(cause)}.`, {}, { cause });
    });
    return new Map(outputs.map((name) => [name, fromNative(name, results[name])]));
  }

  /** Frees the native memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

function toNative({ data, dims }: NumericTensor): Tensor {
  return data instanceof Float32Array ? new Tensor('float32', data, dims) : new Tensor('uint8', data, dims);
}

function fromNative(name: string, tensor: Tensor | undefined): NumericTensor {
  const data = tensor?.data;
  if (tensor !== undefined && (data instanceof Float32Array || data instanceof Uint8Array)) {
    return { dims: tensor.dims, data };
  }
  throw new GatewayError('MODEL_INVALID', `Output ${name} of the graph is neither float32 nor uint8.`);
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

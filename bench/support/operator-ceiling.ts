/**
 * How quickly a quantised net could run if everything but its QLinearConv operators took no time. The convolutions are taken out
 * of the net with their weights and run by themselves at the shapes they have in it; each is repeated over the same input, so
 * that the time of a call counts for little and the input is in the cache, as it is behind the operator that made it.
 */
import { decodeModel } from '../../src/inference/compile/onnx/decode.ts';
import { encodeModel } from '../../src/inference/compile/onnx/encode.ts';
import { type OnnxModel, type OnnxNode, OnnxType } from '../../src/inference/compile/onnx/model.ts';
import { GraphRunner, type NumericTensor } from '../../src/inference/graph-runner.ts';

/** Times a chain occurs in its graph. */
const REPEATS = 8;

const CONVOLUTION = 'QLinearConv';

/** Positions in a QLinearConv's inputs. */
const WEIGHTS = 3;
const BIAS = 8;

/** The convolutions of a net, ready to run by themselves. */
export interface OperatorCeiling extends AsyncDisposable {
  /** Multiplications of the convolutions for one film. */
  readonly multiplications: number;
  /** Films a second of one thread, from the fastest of some runs of each chain. */
  measure(): Promise<number>;
}

interface Chain {
  readonly runner: GraphRunner;
  readonly input: Record<string, NumericTensor>;
}

/**
 * @param bytes - a quantised ONNX model of com.microsoft.QLinearConv nodes, channels last
 * @param input - its input for one film, by name
 */
export async function openOperatorCeiling(
  bytes: Uint8Array,
  input: Record<string, NumericTensor>,
): Promise<OperatorCeiling> {
  const model = decodeModel(bytes);
  const chains = chainsOf(model);
  const shapes = await shapesOf(model, chains.flat(), input);
  const opened: Chain[] = [];
  for (const chain of chains) {
    const name = chain[0]?.inputs[0] ?? '';
    const dims = shapes.get(name) ?? [];
    const runner = await GraphRunner.load(encodeModel(repeatedChain(model, chain, dims)));
    const data = new Uint8Array(dims.reduce((size, dim) => size * dim, 1)).map((_, index) => index % 251);
    opened.push({ runner, input: { [name]: { dims, data } } });
  }
  return {
    multiplications: chains.flat().reduce((sum, node) => sum + multiplications(model, node, shapes), 0),
    measure: async () => {
      let milliseconds = 0;
      for (const chain of opened) milliseconds += (await fastest(chain)) / REPEATS;
      return 1000 / milliseconds;
    },
    [Symbol.asyncDispose]: async () => {
      for (const { runner } of opened) await runner[Symbol.asyncDispose]();
    },
  };
}

async function fastest({ runner, input }: Chain): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 4; run += 1) {
    const began = performance.now();
    await runner.run(input);
    best = Math.min(best, performance.now() - began);
  }
  return best;
}

/** Convolutions one behind the other: the 1x1 and 3x3 of a dense layer, pooling and 1x1 of a transition. */
function chainsOf({ graph }: OnnxModel): OnnxNode[][] {
  const convolutions = graph.nodes.filter(({ opType }) => opType === CONVOLUTION);
  const next = (node: OnnxNode) => convolutions.find(({ inputs }) => inputs[0] === node.outputs[0]);
  const follows = new Set(convolutions.map(next));
  return convolutions
    .filter((node) => !follows.has(node))
    .map((node) => {
      const chain: OnnxNode[] = [];
      for (let at: OnnxNode | undefined = node; at !== undefined; at = next(at)) chain.push(at);
      return chain;
    });
}

/** Shapes of the convolutions' inputs and outputs, by name. */
async function shapesOf(
  model: OnnxModel,
  nodes: readonly OnnxNode[],
  input: Record<string, NumericTensor>,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const names = [...new Set(nodes.flatMap(({ inputs, outputs }) => [inputs[0] ?? '', outputs[0] ?? '']))];
  const outputs = names.map((name) => ({ name, type: OnnxType.UINT8, dims: null }));
  const tapped = { ...model, graph: { ...model.graph, outputs } };
  await using runner = await GraphRunner.load(encodeModel(tapped));
  const results = await runner.run(input, names);
  return new Map([...results].map(([name, { dims }]) => [name, dims]));
}

function weightDims({ graph }: OnnxModel, node: OnnxNode): readonly number[] {
  return graph.initializers.find(({ name }) => name === node.inputs[WEIGHTS])?.dims ?? [];
}

/** One for each weight at each output position. */
function multiplications(model: OnnxModel, node: OnnxNode, shapes: ReadonlyMap<string, readonly number[]>): number {
  const [, rows = 0, columns = 0] = shapes.get(node.outputs[0] ?? '') ?? [];
  return weightDims(model, node).reduce((size, dim) => size * dim, rows * columns);
}

/** A graph of the chain, several times side by side: each with weights of its own, or they would be merged. */
function repeatedChain(model: OnnxModel, chain: readonly OnnxNode[], dims: readonly number[]): OnnxModel {
  const [source = ''] = chain[0]?.inputs ?? [];
  const made = new Set(chain.flatMap(({ outputs }) => outputs));
  const own = new Set(chain.flatMap(({ inputs }) => [inputs[WEIGHTS] ?? '', inputs[BIAS] ?? '']));
  const used = new Set(chain.flatMap(({ inputs }) => inputs));
  const copies = Array.from({ length: REPEATS }, (_, index) => (name: string) => `${name}#${index}`);
  const initializers = model.graph.initializers.filter(({ name }) => used.has(name));
  const nodes = copies.flatMap((copy) =>
    chain.map((node) => ({
      ...node,
      name: copy(node.outputs[0] ?? ''),
      inputs: node.inputs.map((name) => (made.has(name) || own.has(name) ? copy(name) : name)),
      outputs: node.outputs.map(copy),
    })),
  );
  const last = chain.at(-1)?.outputs[0] ?? '';
  return {
    ...model,
    metadata: {},
    graph: {
      name: 'convolutions',
      nodes,
      initializers: initializers.flatMap((tensor) =>
        own.has(tensor.name) ? copies.map((copy) => ({ ...tensor, name: copy(tensor.name) })) : [tensor],
      ),
      inputs: [{ name: source, type: OnnxType.UINT8, dims: [...dims] }],
      outputs: copies.map((copy) => ({ name: copy(last), type: OnnxType.UINT8, dims: null })),
    },
  };
}

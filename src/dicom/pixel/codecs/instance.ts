/**
 * WebAssembly codecs: made when the first frame needs one, one a thread, kept for the next frame. An instance is dropped
 * after an error, since C++ that was left by an exception has freed nothing, and when its heap has grown past a bound,
 * since WebAssembly memory never shrinks.
 */
import { toGatewayError } from '../../../errors.ts';
import { corrupt } from '../corrupt.ts';

/** Heap of a film of 4096 x 4096 in OpenJPEG, which works with 32 bits a sample: 140 MB. A module may begin with more. */
const KEPT_HEAP_BYTES = 160 * 1024 * 1024;

/** Anything with a WebAssembly heap. */
export interface Module {
  /** The whole heap; its length is the heap's. */
  readonly HEAPU8: Uint8Array;
}

/** One codec of this thread. */
export class CodecInstance<M extends Module> {
  readonly #load: () => Promise<M>;
  #module: Promise<M> | undefined;
  #initialHeapBytes = 0;

  /** @param load - makes a new instance; Emscripten makes the options that it is given the module, so they must be new too */
  constructor(load: () => Promise<M>) {
    this.#load = load;
  }

  /**
   * Runs the codec. It is synchronous, so one frame is decoded at a time.
   *
   * @throws GatewayError as `use` throws it; PIXEL_DATA_CORRUPT for anything else that is thrown
   */
  async run(use: (module: M) => void): Promise<void> {
    this.#module ??= this.#start();
    const pending = this.#module;
    let keep = false;
    try {
      const module = await pending.catch((error: unknown) => {
        throw toGatewayError(error);
      });
      use(module);
      keep = module.HEAPU8.length <= Math.max(KEPT_HEAP_BYTES, this.#initialHeapBytes);
    } catch (error) {
      const coded = toGatewayError(error);
      throw coded.code === 'INTERNAL' && error !== coded ? corrupt('The frame cannot be decoded.', error) : coded;
    } finally {
      if (!keep && this.#module === pending) this.#module = undefined;
    }
  }

  async #start(): Promise<M> {
    const module = await this.#load();
    this.#initialHeapBytes = module.HEAPU8.length;
    return module;
  }
}

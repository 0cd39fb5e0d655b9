/** What a pickle can become here: plain data, and objects that the host (torch-objects.ts) makes of the globals it knows. */

/** A tuple; lists are arrays of their own. */
export class PickleTuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** A name that the pickle would have Python import. Nothing is imported: it is a name. */
export class PickleGlobal {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }

  toString(): string {
    return `${this.module}.${this.name}`;
  }
}

/** Made by the host; the machine only carries it. */
export abstract class HostObject {
  /** What BUILD gives: an object's attributes. The machine calls no other method. */
  abstract setState(state: PickleValue): void;
}

/** A dictionary; also OrderedDict. Keys that are no strings and numbers are compared by identity. */
export type PickleDict = Map<PickleValue, PickleValue>;

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | HostObject;

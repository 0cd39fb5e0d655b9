/**
 * A pickle machine that cannot run code. A pickle is a program whose REDUCE calls whatever Python function it names; here a
 * global is only a name, and the host decides which few names stand for which data. Everything else is refused by name.
 *
 * Opcodes of protocols 0 to 5 as far as data needs them; source: Lib/pickletools.py of CPython.
 */
import { readLiteral } from './pickle-literals.ts';
import * as op from './pickle-opcodes.ts';
import { PickleReader } from './pickle-reader.ts';
import { PickleStack } from './pickle-stack.ts';
import { HostObject, PickleGlobal, PickleTuple, type PickleValue } from './pickle-values.ts';
import { invalid } from './state-dict.ts';

/** Who says what the names of a pickle stand for. */
export interface PickleHost {
  /** Refuses a name by throwing. Called before anything is done with it. */
  admit(global: PickleGlobal): void;
  /** What calling an admitted name with these arguments gives. */
  construct(global: PickleGlobal, argumentList: readonly PickleValue[]): PickleValue;
  /** What lies outside the pickle under this id. */
  persistent(id: PickleValue): PickleValue;
}

/** A DenseNet-121 with an optimiser's state has about 100,000 opcodes. */
const MAXIMUM_OPCODES = 4_000_000;
const MAXIMUM_MEMO = 1_000_000;

/** What one pickle held, and where the next byte lies. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/**
 * Reads one pickle.
 *
 * @param offset - of its first byte
 * @throws GatewayError MODEL_INVALID when it ends early, is malformed, exceeds a bound, or names anything the host refuses
 */
export function unpickle(bytes: Uint8Array, host: PickleHost, offset = 0): Unpickled {
  const machine = new PickleMachine(new PickleReader(bytes, offset), host);
  return machine.run();
}

class PickleMachine {
  readonly #reader: PickleReader;
  readonly #host: PickleHost;
  readonly #memo = new Map<number, PickleValue>();
  readonly #stack = new PickleStack();

  constructor(reader: PickleReader, host: PickleHost) {
    this.#reader = reader;
    this.#host = host;
  }

  run(): Unpickled {
    for (let count = 0; count < MAXIMUM_OPCODES; count++) {
      const opcode = this.#reader.byte();
      if (opcode === op.STOP) {
        const value = this.#stack.pop();
        return { value, end: this.#reader.offset };
      }
      const literal = readLiteral(opcode, this.#reader);
      if (literal !== undefined) this.#push(literal);
      else if (!(this.#container(opcode) || this.#memory(opcode) || this.#object(opcode))) {
        throw invalid(`its pickle uses opcode 0x${opcode.toString(16)}, which data does not need`);
      }
    }
    throw invalid(`its pickle has more than ${MAXIMUM_OPCODES} steps`);
  }

  /** Opcodes that make lists, tuples and dictionaries. */
  #container(opcode: number): boolean {
    switch (opcode) {
      case op.MARK:
        this.#stack.mark();
        return true;
      case op.EMPTY_LIST:
        return this.#push([]);
      case op.EMPTY_TUPLE:
        return this.#push(new PickleTuple([]));
      case op.EMPTY_DICT:
        return this.#push(new Map());
      case op.EMPTY_SET:
        return this.#push([]);
      case op.LIST:
      case op.FROZENSET:
        return this.#push(this.#stack.popMark());
      case op.TUPLE:
        return this.#push(new PickleTuple(this.#stack.popMark()));
      case op.TUPLE1:
        return this.#push(new PickleTuple(this.#stack.popMany(1)));
      case op.TUPLE2:
        return this.#push(new PickleTuple(this.#stack.popMany(2)));
      case op.TUPLE3:
        return this.#push(new PickleTuple(this.#stack.popMany(3)));
      case op.DICT: {
        const items = this.#stack.popMark();
        return this.#push(setItems(new Map(), items));
      }
      case op.APPEND:
        return this.#append([this.#stack.pop()]);
      case op.APPENDS:
      case op.ADDITEMS:
        return this.#append(this.#stack.popMark());
      case op.SETITEM:
        return this.#assign(this.#stack.popMany(2));
      case op.SETITEMS:
        return this.#assign(this.#stack.popMark());
      default:
        return false;
    }
  }

  /** Opcodes that keep, fetch and drop values. */
  #memory(opcode: number): boolean {
    const reader = this.#reader;
    switch (opcode) {
      case op.PROTO: {
        const protocol = reader.byte();
        if (protocol > 5) throw invalid(`its pickle has protocol ${protocol}`);
        return true;
      }
      case op.FRAME:
        reader.uint64();
        return true;
      case op.POP:
        this.#stack.drop();
        return true;
      case op.POP_MARK:
        this.#stack.popMark();
        return true;
      case op.DUP:
        return this.#push(this.#stack.top());
      case op.PUT:
        return this.#remember(Number(reader.line()));
      case op.BINPUT:
        return this.#remember(reader.byte());
      case op.LONG_BINPUT:
        return this.#remember(reader.uint32());
      case op.MEMOIZE:
        return this.#remember(this.#memo.size);
      case op.GET:
        return this.#recall(Number(reader.line()));
      case op.BINGET:
        return this.#recall(reader.byte());
      case op.LONG_BINGET:
        return this.#recall(reader.uint32());
      default:
        return false;
    }
  }

  /** Opcodes that in Python import, call and fill; here the host decides. */
  #object(opcode: number): boolean {
    const reader = this.#reader;
    switch (opcode) {
      case op.GLOBAL: {
        const module = reader.line();
        return this.#import(module, reader.line());
      }
      case op.STACK_GLOBAL: {
        const [module, name] = this.#stack.popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw invalid('its pickle names no global');
        return this.#import(module, name);
      }
      case op.REDUCE:
      case op.NEWOBJ: {
        const [callable, argumentList] = this.#stack.popMany(2);
        return this.#call(callable, argumentList);
      }
      case op.BUILD: {
        const state = this.#stack.pop();
        const target = this.#stack.top();
        if (target instanceof HostObject) target.setState(state);
        // An OrderedDict's own attributes: torch keeps its format's version there. Nothing needs them.
        else if (!(target instanceof Map)) throw invalid('its pickle gives attributes to a plain value');
        return true;
      }
      case op.PERSID:
        return this.#push(this.#host.persistent(reader.line()));
      case op.BINPERSID:
        return this.#push(this.#host.persistent(this.#stack.pop()));
      default:
        return false;
    }
  }

  #import(module: string, name: string): true {
    const global = new PickleGlobal(module, name);
    this.#host.admit(global);
    return this.#push(global);
  }

  #call(callable: PickleValue | undefined, argumentList: PickleValue | undefined): true {
    if (!(callable instanceof PickleGlobal)) throw invalid('its pickle calls what is no global');
    if (!(argumentList instanceof PickleTuple)) throw invalid(`its pickle calls ${callable} without arguments`);
    return this.#push(this.#host.construct(callable, argumentList.items));
  }

  #push(value: PickleValue): true {
    this.#stack.push(value);
    return true;
  }

  #append(items: readonly PickleValue[]): true {
    const list = this.#stack.top();
    if (!Array.isArray(list)) throw invalid('its pickle appends to what is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #assign(items: readonly PickleValue[]): true {
    const target = this.#stack.top();
    if (!(target instanceof Map)) throw invalid('its pickle sets an item of what is no dictionary');
    setItems(target, items);
    return true;
  }

  #remember(index: number): true {
    if (!Number.isSafeInteger(index) || index < 0 || this.#memo.size >= MAXIMUM_MEMO) {
      throw invalid('its pickle remembers too much');
    }
    this.#memo.set(index, this.#stack.top());
    return true;
  }

  #recall(index: number): true {
    const value = this.#memo.get(index);
    if (value === undefined) throw invalid(`its pickle recalls ${index}, which it never remembered`);
    return this.#push(value);
  }
}

function setItems(target: Map<PickleValue, PickleValue>, items: readonly PickleValue[]): Map<PickleValue, PickleValue> {
  if (items.length % 2 !== 0) throw invalid('its pickle gives a key without a value');
  for (let index = 0; index < items.length; index += 2) {
    target.set(items[index] as PickleValue, items[index + 1] as PickleValue);
  }
  return target;
}

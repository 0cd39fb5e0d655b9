/** Numbers, texts and bytes of a pickle. */
import * as op from './pickle-opcodes.ts';
import { compact, type PickleReader } from './pickle-reader.ts';
import type { PickleValue } from './pickle-values.ts';
import { invalid } from './state-dict.ts';

/** The number, text or bytes that an opcode pushes; undefined when it pushes none. */
export function readLiteral(opcode: number, reader: PickleReader): PickleValue | undefined {
  switch (opcode) {
    case op.NONE:
      return null;
    case op.NEWTRUE:
      return true;
    case op.NEWFALSE:
      return false;
    case op.INT:
      return parseInteger(reader.line());
    case op.LONG:
      return parseInteger(reader.line().replace(/L$/, ''));
    case op.BININT:
      return reader.int32();
    case op.BININT1:
      return reader.byte();
    case op.BININT2:
      return reader.uint16();
    case op.LONG1:
      return reader.long(reader.byte());
    case op.LONG4:
      return reader.long(reader.uint32());
    case op.FLOAT:
      return parseFloatingPoint(reader.line());
    case op.BINFLOAT:
      return reader.float64();
    case op.STRING:
      return parseQuoted(reader.line());
    case op.BINSTRING:
      return reader.text(reader.uint32(), 'latin1');
    case op.SHORT_BINSTRING:
      return reader.text(reader.byte(), 'latin1');
    case op.UNICODE:
      return reader.line();
    case op.SHORT_BINUNICODE:
      return reader.text(reader.byte());
    case op.BINUNICODE:
      return reader.text(reader.uint32());
    case op.BINUNICODE8:
      return reader.text(reader.uint64());
    case op.SHORT_BINBYTES:
      return reader.bytes(reader.byte());
    case op.BINBYTES:
      return reader.bytes(reader.uint32());
    case op.BINBYTES8:
    case op.BYTEARRAY8:
      return reader.bytes(reader.uint64());
    default:
      return undefined;
  }
}

/** Protocol 0; 00 and 01 are its booleans. */
function parseInteger(text: string): number | bigint | boolean {
  if (text === '00' || text === '01') return text === '01';
  if (!/^-?\d{1,1000}$/.test(text)) throw invalid('its pickle holds a malformed number');
  return compact(BigInt(text));
}

function parseFloatingPoint(text: string): number {
  const named: Readonly<Record<string, number>> = {
    nan: Number.NaN,
    inf: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
  };
  const value = named[text] ?? Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'nan')) throw invalid('its pickle holds a malformed number');
  return value;
}

/** Protocol 0 strings: quoted; escapes are left as they are, no name of a tensor has any. */
function parseQuoted(text: string): string {
  const quoted = /^'(.*)'$/.exec(text) ?? /^"(.*)"$/.exec(text);
  if (quoted === null) throw invalid('its pickle holds a malformed string');
  return quoted[1] ?? '';
}

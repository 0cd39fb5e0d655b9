import { parseValue } from 'graphql';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { fromGlobalId, NODE_TYPES, parseGlobalId, toGlobalId } from '../../src/schema/global-id.ts';
import { DicomUid } from '../../src/schema/scalars.ts';

describe('DicomUID (PS3.5 section 9.1)', () => {
  const longest = `1.${'2'.repeat(62)}`;

  test.each(['1.2', '1.2.840.10008.5.1.4.1.1.1.1', '0.0', '2.25.0', '1.2.0.3', longest])('takes %s', (uid) => {
    expect(DicomUid.parseValue(uid)).toBe(uid);
    expect(DicomUid.parseLiteral(parseValue(`"${uid}"`), {})).toBe(uid);
  });

  test.each(['', '1', '1.', '.1', '1..2', '1.02', '01.2', '1.2a', ' 1.2', '1.2\0', '1.2\n', `${longest}3`, 12, null])(
    'refuses %j',
    (value) => {
      expect(() => DicomUid.parseValue(value)).toThrow('A DICOM UID is');
    },
  );

  test('refuses literals of other kinds', () => {
    for (const literal of ['1.2', '12', 'true', '["1.2"]']) {
      expect(() => DicomUid.parseLiteral(parseValue(literal), {}), literal).toThrow('A DICOM UID is');
    }
  });

  test('shows what a film carries, even where it breaks the rule', () => {
    expect(DicomUid.serialize('1.02.3')).toBe('1.02.3');
  });
});

describe('global ids', () => {
  const uuid = '018f0000-0000-7000-8000-000000000000';

  test('come back as type and row', () => {
    for (const type of NODE_TYPES) expect(parseGlobalId(toGlobalId(type, uuid))).toEqual({ type, id: uuid });
    expect(fromGlobalId('Study', toGlobalId('Study', uuid))).toBe(uuid);
  });

  test('are refused when they are of another type or no ids', () => {
    const encode = (text: string) => Buffer.from(text).toString('base64url');
    const refused = (id: string) => {
      try {
        fromGlobalId('Study', id);
      } catch (error) {
        return error instanceof GatewayError ? error.code : error;
      }
      return 'taken';
    };
    const bad = [
      '',
      'x',
      uuid,
      toGlobalId('Patient', uuid),
      encode(`Study:${uuid}:x`),
      encode('Study:1'),
      encode(`X:${uuid}`),
    ];
    expect(bad.map(refused)).toEqual(bad.map(() => 'BAD_REQUEST'));
  });
});

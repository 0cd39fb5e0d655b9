import { buildSchema, GraphQLError, graphqlSync, parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { LogFields } from '../../src/log.ts';
import { silentLog } from '../../src/log.ts';
import { formatError } from '../../src/resolvers/format-error.ts';

/** A log that keeps what was written as error. */
function keepingLog() {
  const kept: { fields: LogFields | undefined; cause: unknown }[] = [];
  return {
    log: { ...silentLog, error: (_: string, fields?: LogFields, cause?: unknown) => kept.push({ fields, cause }) },
    kept,
  };
}

const within = (originalError: Error) => new GraphQLError(originalError.message, { path: ['study'], originalError });

describe('an error', () => {
  test('with a code keeps its message, details and place', () => {
    const { log, kept } = keepingLog();
    const error = new GatewayError('CURSOR_EXPIRED', 'Too old.', { lastCursor: 'c' });
    for (const thrown of [error, within(error), within(within(error))]) {
      expect(formatError(thrown, log)).toMatchObject({
        message: error.message,
        extensions: { code: 'CURSOR_EXPIRED', retryable: false, lastCursor: 'c' },
      });
    }
    expect(formatError(within(error), log).path).toEqual(['study']);
    expect(kept).toEqual([]);
  });

  test('without a code is masked; its cause goes to the log with the same request id', () => {
    const { log, kept } = keepingLog();
    const cause = new Error('relation "Patient" has DOE^JANE twice');
    const formatted = formatError(within(cause), log);
    expect(JSON.stringify(formatted)).not.toContain('DOE');
    expect(formatted.extensions).toEqual({ code: 'INTERNAL', retryable: true, requestId: expect.any(String) });
    expect(kept).toEqual([{ fields: { requestId: formatted.extensions?.requestId, code: 'INTERNAL' }, cause }]);
    expect(formatError(cause, log, 'given').extensions?.requestId).toBe('given');
  });

  test('of a lost database says so', () => {
    const { log, kept } = keepingLog();
    const lost = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(formatError(within(lost), log).extensions).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
    expect(kept).toHaveLength(1);
  });

  test('of the request keeps the words and codes of GraphQL', () => {
    const schema = buildSchema('type Query { a(n: Int!): Int! }');
    const code = (errors: readonly GraphQLError[] | undefined) =>
      errors?.map((error) => formatError(error, silentLog).extensions?.code);
    expect(code(graphqlSync({ schema, source: '{' }).errors)).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(code(validate(schema, parse('{ b }')))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    const variables = graphqlSync({ schema, source: 'query ($n: Int!) { a(n: $n) }', variableValues: { n: 'x' } });
    expect(code(variables.errors)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
    expect(formatError(new GraphQLError('no', { extensions: { code: 'BAD_USER_INPUT' } }), silentLog)).toEqual({
      message: 'no',
      extensions: { code: 'BAD_USER_INPUT', retryable: false },
    });
    // Apollo's word for what it knows nothing about, and a resolver that gave null, are ours to mask.
    const unknown = new GraphQLError('secret', { extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(formatError(unknown, silentLog).extensions?.code).toBe('INTERNAL');
    expect(code(graphqlSync({ schema, source: '{ a(n: 1) }', rootValue: { a: null } }).errors)).toEqual(['INTERNAL']);
  });
});

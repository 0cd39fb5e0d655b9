import { describe, expect, it } from 'vitest';
import { RawConnection, startServer } from './support.ts';

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/graphql`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

describe('GraphQL over HTTP', () => {
  it('answers queries by POST, and by GET with a header that no other page can send', async () => {
    const { url } = await startServer();
    const response = await post(url, { query: '{ hello }' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ data: { hello: 'world' } });
    const headers = { 'apollo-require-preflight': 'yes' };
    expect(await (await fetch(`${url}/graphql?query={hello}`, { headers })).json()).toEqual({
      data: { hello: 'world' },
    });
  });

  it('gives the operation the id of its request', async () => {
    const { url } = await startServer();
    const response = await post(url, { query: '{ requestId }' });
    expect(await response.json()).toEqual({ data: { requestId: response.headers.get('x-request-id') } });
  });

  it.each([
    ['GET without the header', (url: string) => fetch(`${url}/graphql?query={hello}`)],
    ['text/plain', (url: string) => post(url, { query: '{ hello }' }, { 'content-type': 'text/plain' })],
    ['a form', (url: string) => fetch(`${url}/graphql`, { method: 'POST', body: form('{ hello }', []) })],
  ])('refuses what any page could send: %s', async (_what, send) => {
    const { url } = await startServer();
    const response = await send(url);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it.each([
    ['malformed JSON', '{"query":', 400, 'BAD_REQUEST'],
    ['no body', '', 400, 'BAD_REQUEST'],
    ['a batch', [{ query: '{ hello }' }], 400, 'BAD_REQUEST'],
    ['a body over the limit', { query: '{ hello }', variables: { x: 'x'.repeat(3000) } }, 413, 'PAYLOAD_TOO_LARGE'],
    ['a syntax error', { query: '{' }, 400, 'GRAPHQL_PARSE_FAILED'],
    ['an unknown field', { query: '{ nope }' }, 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['more tokens than are allowed', { query: `{ ${'hello '.repeat(200)} }` }, 400, 'GRAPHQL_PARSE_FAILED'],
  ])('answers %s', async (_what, body, status, code) => {
    const { url } = await startServer({ GRAPHQL_MAX_BODY_BYTES: '2048', GRAPHQL_MAX_TOKENS: '100' });
    const response = await post(url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });

  it('answers 408 when the body does not come', async () => {
    const { port } = await startServer({ HTTP_REQUEST_TIMEOUT_MS: '300' });
    const connection = await RawConnection.open(port);
    connection.socket.write(
      'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"query":',
    );
    expect(await connection.until(/\}$/)).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"UPLOAD_TIMEOUT","retryable":true/);
  });

  it('shows coded errors and masks all others', async () => {
    const { url, log } = await startServer();
    const coded = await (await post(url, { query: '{ coded }' })).json();
    expect(coded).toMatchObject({ errors: [{ path: ['coded'], extensions: { code: 'NOT_FOUND', retryable: false } }] });
    const masked = await (await post(url, { query: '{ crash }' })).text();
    expect(masked).toContain('"code":"INTERNAL"');
    expect(masked).not.toContain('secret');
    expect(masked).not.toContain('stack');
    expect(log.events.find(({ level }) => level === 'error')).toMatchObject({ event: 'graphql.failed' });
  });

  it('tells the schema only where that is switched on', async () => {
    const query = { query: '{ __schema { queryType { name } } }' };
    expect((await post((await startServer({ GRAPHQL_INTROSPECTION: 'on' })).url, query)).status).toBe(200);
    expect((await post((await startServer()).url, query)).status).toBe(400);
  });
});

/** The fields of a multipart request, and its files unless they shall be added otherwise. */
function form(query: string, files: readonly (string | Blob)[], map?: unknown): FormData {
  const data = new FormData();
  data.set('operations', JSON.stringify({ query, variables: { files: files.map(() => null) } }));
  data.set(
    'map',
    JSON.stringify(map ?? Object.fromEntries(files.map((_file, index) => [index, [`variables.files.${index}`]]))),
  );
  for (const [index, file] of files.entries()) data.set(String(index), new Blob([file]), `film-${index}.dcm`);
  return data;
}

const MUTATION = 'mutation ($files: [Upload!]!) { ingest(files: $files) }';

const upload = (url: string, body: FormData): Promise<Response> =>
  fetch(`${url}/graphql`, { method: 'POST', body, headers: { 'apollo-require-preflight': 'yes' } });

describe('GraphQL multipart requests', () => {
  it('streams each file to the mutation, which answers for each', async () => {
    const { url, ingest } = await startServer();
    const response = await upload(
      url,
      form(MUTATION, ['ok 1.1', 'conflict 1.2', 'junk', `ok 1.4 ${'x'.repeat(3_000_000)}`]),
    );
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      data: { ingest: ['instance-1.1', 'INSTANCE_CONFLICT', 'NOT_DICOM', 'instance-1.4'] },
    });
    expect(ingest.stored).toEqual(['1.1', '1.4']);
  });

  it('goes on with the next file when one is refused before its end', async () => {
    const { url } = await startServer();
    const response = await upload(url, form(MUTATION, [`refuse-early ${'x'.repeat(1_000_000)}`, 'ok 1.2']));
    expect(await response.json()).toEqual({ data: { ingest: ['PAYLOAD_TOO_LARGE', 'instance-1.2'] } });
  });

  it('answers although files are left unread', async () => {
    const { url } = await startServer();
    const query = 'mutation ($files: [Upload]) { ignoreFiles(files: $files) }';
    const response = await upload(url, form(query, ['x'.repeat(1_000_000), 'y']));
    expect(await response.json()).toEqual({ data: { ignoreFiles: 'ignored' } });
    expect(await (await upload(url, form('{ nope }', ['x'.repeat(1_000_000)]))).json()).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it('fails a file that does not come', async () => {
    const { url } = await startServer();
    const body = form(MUTATION, ['ok 1.1', 'ok 1.2']);
    body.delete('1');
    expect(await (await upload(url, body)).json()).toEqual({ data: { ingest: ['instance-1.1', 'BAD_REQUEST'] } });
  });

  it('fails the files of a request that breaks off', async () => {
    const { port, ingest } = await startServer();
    const connection = await RawConnection.open(port);
    const operations = JSON.stringify({ query: MUTATION, variables: { files: [null, null] } });
    const field = (name: string, value: string) =>
      `--e\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    connection.socket.write(
      'POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: multipart/form-data; boundary=e\r\nContent-Length: 100000\r\nApollo-Require-Preflight: 1\r\n\r\n' +
        field('operations', operations) +
        field('map', '{"a":["variables.files.0"],"b":["variables.files.1"]}') +
        '--e\r\nContent-Disposition: form-data; name="a"; filename="a.dcm"\r\n\r\nok 1.1 and the rest',
    );
    await ingest.gate.passed('receiving ok 1.1');
    connection.socket.destroy();
    await ingest.gate.passed('refused');
    expect(ingest.refused).toMatchObject([{ error: { code: 'UPLOAD_ABORTED' } }]);
    expect(ingest.stored).toEqual([]);
  });

  it.each([
    ['more files than are allowed', form(MUTATION, ['a', 'b', 'c']), 413, 'TOO_MANY_PARTS'],
    ['a path that leads nowhere', form(MUTATION, ['a'], { 0: ['variables.nope.0'] }), 400, 'BAD_REQUEST'],
    ['a path into a prototype', form(MUTATION, ['a'], { 0: ['__proto__.polluted'] }), 400, 'BAD_REQUEST'],
    ['a path to what is no null', form(MUTATION, ['a'], { 0: ['query'] }), 400, 'BAD_REQUEST'],
    ['a map that is none', form(MUTATION, ['a'], ['variables.files.0']), 400, 'BAD_REQUEST'],
    ['operations over the limit', form(`${MUTATION} # ${'x'.repeat(3000)}`, ['a']), 413, 'PAYLOAD_TOO_LARGE'],
  ])('refuses %s', async (_what, body, status, code) => {
    const { url, ingest } = await startServer({ GRAPHQL_MAX_FILES: '2', GRAPHQL_MAX_BODY_BYTES: '2048' });
    const response = await upload(url, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    expect(ingest.sources).toEqual([]);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('refuses files before the fields that say where they belong', async () => {
    const { url } = await startServer();
    const body = new FormData();
    body.set('0', new Blob(['a']), 'a.dcm');
    body.set('operations', '{}');
    expect((await upload(url, body)).status).toBe(400);
  });
});

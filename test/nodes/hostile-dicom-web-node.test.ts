/** A DICOMweb node that means no good, or is broken. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NodeClient } from '../../src/nodes/node-client.ts';
import { preferredClient } from '../../src/nodes/node-clients.ts';
import { clientOptions } from '../support/nodes.ts';
import { freshStudy, outgoing, phantomOf, settlements } from './films.ts';

/** Starts a node that answers as told; returns a client of it. */
async function nodeThat(answers: RequestListener, authorization?: string): Promise<NodeClient> {
  const server = createServer(answers);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const options = clientOptions({ DIMSE_IDLE_TIMEOUT_MS: '1000' });
  const dicomWeb = { url: `http://127.0.0.1:${address.port}/dicom-web`, authorization, caFile: undefined };
  return preferredClient({ name: 'hostile', dimse: undefined, dicomWeb }, options);
}

const PARTS = 'multipart/related; type="application/dicom"; boundary=edge';
const json =
  (body: unknown): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/dicom+json').end(JSON.stringify(body));
  };
/** Writes without end, as fast as the client reads. */
const endless =
  (type: string, chunk: Buffer): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', type);
    const write = () => {
      while (response.write(chunk));
      response.once('drain', write);
    };
    write();
  };

describe('a search', () => {
  it('sends the credentials and exact keys', async () => {
    let request = '';
    const client = await nodeThat(({ url, headers }, response) => {
      request = `${headers.authorization} ${url}`;
      response.statusCode = 204;
      response.end();
    }, 'Bearer abc');
    const query = { patientId: 'P&1', issuerOfPatientId: 'X', studyDate: { from: '2026-01-01' } };
    expect(await client.findStudies(query, 10)).toEqual({ studies: [], more: false });
    expect(request).toMatch(/^Bearer abc \/dicom-web\/studies\?/);
    const parameters = new URL(request.split(' ')[2] ?? '', 'http://node').searchParams;
    expect(parameters.get('00100020')).toBe('P&1');
    expect(parameters.get('00080020')).toBe('20260101-');
    expect(parameters.get('limit')).toBe('11');
    expect(parameters.has('00100021')).toBe(false);
  });

  it('leaves out what is no study and what was not asked for', async () => {
    const of = (uid: unknown, patient: unknown) => ({ '0020000D': { Value: [uid] }, '00100020': { Value: [patient] } });
    const client = await nodeThat(
      json([
        of('1.2.3', 'P1'),
        of('1.2.4', 'P2'),
        of('no uid', 'P1'),
        of(17, 'P1'),
        null,
        3,
        'text',
        [],
        { '0020000D': 5 },
      ]),
    );
    const { studies } = await client.findStudies({ patientId: 'P1' }, 20);
    expect(studies.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(['1.2.3']);
  });

  it('reads names with all their groups', async () => {
    const client = await nodeThat(
      json([
        {
          '0020000D': { vr: 'UI', Value: ['1.2.3'] },
          '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎' }] },
          '00201208': { vr: 'IS', Value: [3] },
        },
      ]),
    );
    const { studies } = await client.findStudies({ patientId: 'P1' }, 20);
    expect(studies).toMatchObject([{ patientName: 'Yamada^Tarou=山田^太郎', numberOfInstances: 3 }]);
  });

  it('ends although the node answers without end', async () => {
    const client = await nodeThat(endless('application/dicom+json', Buffer.alloc(65_536, ' ')));
    await expect(client.findStudies({ patientId: 'P1' }, 10)).rejects.toMatchObject({ code: 'DICOM_NODE_REFUSED' });
  });

  it.each<[string, string, RequestListener]>([
    ['no JSON', 'DICOM_NODE_FAILED', (_, response) => response.end('<html>')],
    ['silence', 'DICOM_NODE_FAILED', () => {}],
    [
      'silence after its head',
      'DICOM_NODE_FAILED',
      (_, response) => {
        response.writeHead(200);
        response.write('[');
      },
    ],
    [
      'a broken connection',
      'DICOM_NODE_FAILED',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('[', () => response.destroy());
      },
    ],
    ['503', 'DICOM_NODE_FAILED', (_, response) => response.writeHead(503).end()],
    ['401', 'DICOM_NODE_REFUSED', (_, response) => response.writeHead(401).end()],
    [
      'a redirect',
      'DICOM_NODE_REFUSED',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ],
  ])('fails when the node answers with %s', async (_, code, answers) => {
    const client = await nodeThat(answers);
    await expect(client.findStudies({ patientId: 'P1' }, 10)).rejects.toMatchObject({ code });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of status %d takes credentials and films to no other host', async (status) => {
    let calls = 0;
    const other = createServer((request, response) => {
      calls += 1;
      request.resume();
      response.writeHead(200, { 'content-type': 'application/dicom+json' }).end('[]');
    });
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const client = await nodeThat((request, response) => {
      request.resume();
      response.writeHead(status, { location: `http://127.0.0.1:${port}${request.url}` }).end();
    }, 'Bearer secret');
    const refused = { code: 'DICOM_NODE_REFUSED', message: expect.stringContaining(String(status)) as string };
    const { listener } = settlements();
    await expect(client.echo()).rejects.toMatchObject(refused);
    await expect(client.findStudies({ patientId: 'P1' }, 10)).rejects.toMatchObject(refused);
    await expect(client.fetchStudy('1.2.3', async () => {}, listener)).rejects.toMatchObject(refused);
    const films = await outgoing(phantomOf(freshStudy()));
    await expect(client.sendFilms(films, listener)).rejects.toMatchObject(refused);
    expect(calls).toBe(0);
  });
});

describe('a retrieval', () => {
  const drain = async ({ bytes }: { bytes: AsyncIterable<Uint8Array> }) => {
    for await (const _ of bytes);
  };

  it.each<[string, string, RequestListener]>([
    [
      'another media type',
      'DICOM_NODE_REFUSED',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(),
    ],
    [
      'no boundary',
      'DICOM_NODE_FAILED',
      (_, response) => response.writeHead(200, { 'content-type': 'multipart/related' }).end(),
    ],
    [
      'a message without its end',
      'DICOM_NODE_FAILED',
      (_, response) => response.writeHead(200, { 'content-type': PARTS }).end('--edge\r\n\r\nhalf a film'),
    ],
    ['a preamble without end', 'DICOM_NODE_FAILED', endless(PARTS, Buffer.alloc(65_536))],
    ['500', 'DICOM_NODE_FAILED', (_, response) => response.writeHead(500).end()],
    ['403', 'DICOM_NODE_REFUSED', (_, response) => response.writeHead(403).end()],
  ])('fails when the node answers with %s', async (_, code, answers) => {
    const client = await nodeThat(answers);
    const { told, listener } = settlements();
    await expect(client.fetchStudy('1.2.3', drain, listener)).rejects.toMatchObject({ code });
    expect(told).toEqual([]);
  });

  it('ends although the node sends films without end', async () => {
    const client = await nodeThat(endless(PARTS, Buffer.from('--edge\r\n\r\nfilm\r\n'.repeat(2000))));
    const { told, listener } = settlements();
    await expect(client.fetchStudy('1.2.3', drain, listener)).rejects.toMatchObject({ code: 'DICOM_NODE_REFUSED' });
    expect(told.length).toBe(10_000);
  });

  it('goes on after a film that was refused', async () => {
    const client = await nodeThat((_, response) =>
      response.writeHead(200, { 'content-type': PARTS }).end('--edge\r\n\r\none\r\n--edge\r\n\r\ntwo\r\n--edge--'),
    );
    const { told, listener } = settlements();
    let films = 0;
    await client.fetchStudy(
      '1.2.3',
      async (film) => {
        films += 1;
        if (films === 1) throw new Error('unwanted');
        await drain(film);
      },
      listener,
    );
    expect(told.map(([, code]) => code)).toEqual(['INTERNAL', undefined]);
  });

  it('comes whole from a node that ends it by closing the connection, however slowly it is read', async () => {
    const film = Buffer.alloc(4 * 1024 * 1024, 'film');
    const client = await nodeThat((_, response) => {
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { 'content-type': PARTS, connection: 'close' });
      response.end(Buffer.concat([Buffer.from('--edge\r\n\r\n'), film, Buffer.from('\r\n--edge--')]));
    });
    const { told, listener } = settlements();
    let received = 0;
    await client.fetchStudy(
      '1.2.3',
      async ({ bytes }) => {
        for await (const chunk of bytes) {
          received += chunk.length;
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
      listener,
    );
    expect(received).toBe(film.length);
    expect(told).toEqual([[undefined, undefined]]);
  });

  it('ends at once when it is no longer wanted', async () => {
    const cancel = new AbortController();
    const client = await nodeThat(endless(PARTS, Buffer.from(`--edge\r\n\r\n${'film'.repeat(10_000)}`)));
    const { listener } = settlements();
    const fetched = client.fetchStudy(
      '1.2.3',
      async ({ bytes }) => {
        for await (const _ of bytes) cancel.abort(new Error('enough'));
      },
      listener,
      cancel.signal,
    );
    await expect(fetched).rejects.toBeDefined();
  });
});

describe('a film that is sent', () => {
  const failed = (reason: number) => ({
    '00081198': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [reason] } }] },
  });
  const answering =
    (status: number, body: unknown): RequestListener =>
    (request, response) => {
      request.resume().once('end', () => {
        response.writeHead(status, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(body));
      });
    };

  it.each<[string, number, unknown, string | undefined]>([
    ['stored', 200, {}, undefined],
    ['stored with a warning', 202, {}, undefined],
    ['there already', 409, failed(0x0111), undefined],
    ['refused', 409, failed(0xa900), 'DICOM_NODE_REFUSED'],
    ['refused without a reason', 409, {}, 'DICOM_NODE_REFUSED'],
    ['refused for now', 409, failed(0xa700), 'DICOM_NODE_FAILED'],
    ['refused although the status says otherwise', 200, failed(0x0110), 'DICOM_NODE_REFUSED'],
    ['no request that it understands', 400, {}, 'DICOM_NODE_REFUSED'],
  ])('is %s', async (_, status, body, code) => {
    const client = await nodeThat(answering(status, body));
    const films = await outgoing(phantomOf(freshStudy()));
    const { told, listener } = settlements();
    await client.sendFilms(films, listener);
    expect(told).toEqual([[films[0]?.sopInstanceUid, code]]);
  });

  it.each([
    [401, 'DICOM_NODE_REFUSED'],
    [503, 'DICOM_NODE_FAILED'],
  ])('stops the sending when the node answers %i', async (status, code) => {
    const client = await nodeThat(answering(status, {}));
    const { told, listener } = settlements();
    const sent = client.sendFilms(await outgoing(phantomOf(freshStudy()), phantomOf(freshStudy())), listener);
    await expect(sent).rejects.toMatchObject({ code });
    expect(told).toEqual([]);
  });

  it('is refused while it is being sent', async () => {
    const client = await nodeThat((_, response) => response.writeHead(413, { connection: 'close' }).end());
    const { listener } = settlements();
    await expect(
      client.sendFilms(await outgoing(phantomOf(freshStudy(), { rows: 2048, columns: 2048 })), listener),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^DICOM_NODE_/),
    });
  });
});

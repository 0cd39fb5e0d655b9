import { describe, expect, it } from 'vitest';
import { multipart, RawConnection, SOP_CLASS, startServer, stow, stowHead } from './support.ts';

const CONTENT_TYPE = 'application/dicom+json';

const reference = (uid: string) => ({
  '00081150': { vr: 'UI', Value: [SOP_CLASS] },
  '00081155': { vr: 'UI', Value: [uid] },
});

describe('STOW-RS', () => {
  it('answers 200 with a reference to each instance when all are stored', async () => {
    const { url, ingest } = await startServer();
    const response = await stow(url, multipart(['ok 1.1', 'ok 1.2']));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(CONTENT_TYPE);
    expect(await response.json()).toEqual({
      '00081190': { vr: 'UR' },
      '00081199': {
        vr: 'SQ',
        Value: [
          { ...reference('1.1'), '00081190': { vr: 'UR' } },
          { ...reference('1.2'), '00081190': { vr: 'UR' } },
        ],
      },
    });
    const by = { subject: 'anonymous', operation: 'POST /dicomweb/studies', sourceAddress: '127.0.0.1' };
    expect(ingest.sources).toMatchObject([
      { door: 'STOW_RS', by },
      { door: 'STOW_RS', by },
    ]);
  });

  it('answers 202 with a reason for each failure when some are stored', async () => {
    const { url } = await startServer();
    const response = await stow(url, multipart(['ok 1.1', 'conflict 1.2', 'junk']));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      '00081190': { vr: 'UR' },
      '00081198': { vr: 'SQ', Value: [{ ...reference('1.2'), '00081197': { vr: 'US', Value: [0x0111] } }] },
      '00081199': { vr: 'SQ', Value: [{ ...reference('1.1'), '00081190': { vr: 'UR' } }] },
      '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0xc000] } }] },
    });
    expect(response.headers.get('warning')).toMatch(
      /^299 cxr-gateway "INSTANCE_CONFLICT: Other bytes.*", 299 cxr-gateway "NOT_DICOM: /,
    );
  });

  it.each([
    ['409 when all conflict', ['conflict 1.1', 'conflict 1.2'], 409],
    ['409 for a mixture', ['conflict 1.1', 'busy 1.2'], 409],
    ['400 when nothing is DICOM', ['junk', 'more junk'], 400],
    ['413 when each is too large', ['refuse-early'], 413],
    ['503 when resources are short', ['busy 1.1', 'busy 1.2'], 503],
    ['500 when the gateway fails', ['crash 1.1'], 500],
  ])('answers %s', async (_what, parts, status) => {
    const { url } = await startServer();
    const response = await stow(url, multipart(parts));
    expect(response.status).toBe(status);
    const body = await response.text();
    expect(response.headers.get('content-type')).toBe(CONTENT_TYPE);
    expect(body + response.headers.get('warning')).not.toContain('secret');
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '7' : null);
  });

  it('answers 415 when no part is DICOM, and 202 when one is', async () => {
    const { url } = await startServer();
    expect((await stow(url, multipart(['ok 1.1'], 'edge', 'text/plain'))).status).toBe(415);
    const mixed = Buffer.from(
      '--edge\r\nContent-Type: text/plain\r\n\r\nx\r\n--edge\r\nContent-Type: application/dicom; transfer-syntax=*\r\n\r\nok 1.1\r\n--edge--',
    );
    expect((await stow(url, mixed)).status).toBe(202);
  });

  it.each([
    'multipart/related; type=application/dicom; boundary=edge',
    'Multipart/Related; BOUNDARY="edge"; Type="Application/DICOM"',
    'multipart/related; boundary=edge',
  ])('takes Content-Type %s', async (type) => {
    const { url } = await startServer();
    expect((await stow(url, multipart(['ok 1.1']), { 'content-type': type })).status).toBe(200);
  });

  it('takes a quoted boundary of 70 characters with blanks', async () => {
    const { url } = await startServer();
    const boundary = `a b:c=${'x'.repeat(64)}`;
    const type = `multipart/related; type="application/dicom"; boundary="${boundary}"`;
    expect((await stow(url, multipart(['ok 1.1'], boundary), { 'content-type': type })).status).toBe(200);
  });

  it('takes one film as an application/dicom body', async () => {
    const { url } = await startServer();
    const one = { 'content-type': 'application/dicom' };
    expect((await stow(url, 'ok 1.1', one)).status).toBe(200);
    expect((await stow(url, 'conflict 1.1', one)).status).toBe(409);
  });

  it.each([
    ['application/json', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/related; type="application/dicom+json"; boundary=edge', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/form-data; boundary=edge', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/related; type="application/dicom"', 400, 'BAD_REQUEST'],
    [`multipart/related; type="application/dicom"; boundary=${'x'.repeat(71)}`, 400, 'BAD_REQUEST'],
  ])('refuses Content-Type %s', async (type, status, code) => {
    const { url, ingest } = await startServer();
    const response = await stow(url, multipart(['ok 1.1']), { 'content-type': type });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, retryable: false });
    expect(ingest.sources).toEqual([]);
  });

  it('refuses a content coding', async () => {
    const { url } = await startServer();
    expect((await stow(url, multipart(['ok 1.1']), { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('gives the study of the address to the ingest, and refuses one that is no UID', async () => {
    const { url, ingest } = await startServer();
    expect((await stow(url, multipart(['ok 1.1']), {}, '/dicomweb/studies/1.2.840.99')).status).toBe(200);
    expect(ingest.sources).toMatchObject([{ door: 'STOW_RS', expectedStudyInstanceUid: '1.2.840.99' }]);
    for (const uid of ['1.02', '1..2', 'abc', `1.${'9'.repeat(63)}`]) {
      expect((await stow(url, multipart(['ok 1.1']), {}, `/dicomweb/studies/${uid}`)).status, uid).toBe(400);
    }
  });

  it.each([
    ['application/dicom+json', 'application/dicom+json'],
    ['application/dicom+xml', 'application/dicom+xml'],
    ['application/dicom+json;q=0.1, application/dicom+xml', 'application/dicom+xml'],
    ['multipart/related; type="application/dicom+xml"', 'application/dicom+xml'],
    ['*/*', 'application/dicom+json'],
  ])('answers Accept: %s with %s', async (accept, expected) => {
    const { url } = await startServer();
    const response = await stow(url, multipart(['ok 1.1']), { accept });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(expected);
  });

  it('answers 406 before it takes anything in', async () => {
    const { url, ingest } = await startServer();
    const response = await stow(url, multipart(['ok 1.1']), { accept: 'text/html' });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ code: 'NOT_ACCEPTABLE' });
    expect(ingest.sources).toEqual([]);
  });

  it('writes the module as Native DICOM Model', async () => {
    const { url } = await startServer();
    const response = await stow(url, multipart(['ok 1.1', 'conflict 1.2&<']), { accept: 'application/dicom+xml' });
    expect(await response.text()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">' +
        '<DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"></DicomAttribute>' +
        '<DicomAttribute tag="00081198" vr="SQ" keyword="FailedSOPSequence"><Item number="1">' +
        `<DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID"><Value number="1">${SOP_CLASS}</Value></DicomAttribute>` +
        '<DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID"><Value number="1">1.2&amp;&lt;</Value></DicomAttribute>' +
        '<DicomAttribute tag="00081197" vr="US" keyword="FailureReason"><Value number="1">273</Value></DicomAttribute>' +
        '</Item></DicomAttribute>' +
        '<DicomAttribute tag="00081199" vr="SQ" keyword="ReferencedSOPSequence"><Item number="1">' +
        `<DicomAttribute tag="00081150" vr="UI" keyword="ReferencedSOPClassUID"><Value number="1">${SOP_CLASS}</Value></DicomAttribute>` +
        '<DicomAttribute tag="00081155" vr="UI" keyword="ReferencedSOPInstanceUID"><Value number="1">1.1</Value></DicomAttribute>' +
        '<DicomAttribute tag="00081190" vr="UR" keyword="RetrieveURL"></DicomAttribute>' +
        '</Item></DicomAttribute></NativeDicomModel>\n',
    );
  });
});

describe('STOW-RS limits', () => {
  it('refuses a request by its Content-Length before it reads it', async () => {
    const { url, ingest } = await startServer({ STOW_MAX_REQUEST_BYTES: '2000' });
    const response = await stow(url, multipart(['ok 1.1', 'x'.repeat(3000)]));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: 'PAYLOAD_TOO_LARGE',
      message: expect.stringContaining('STOW_MAX_REQUEST_BYTES'),
    });
    expect(ingest.sources).toEqual([]);
  });

  it('stops a chunked request at the limit and says what was stored', async () => {
    const { port, ingest } = await startServer({ STOW_MAX_REQUEST_BYTES: '2000' });
    const connection = await RawConnection.open(port);
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
    connection.socket.write(stowHead('Transfer-Encoding: chunked'));
    connection.socket.write(chunk('--edge\r\n\r\nok 1.1\r\n--edge\r\n\r\nok 1.2 '));
    await ingest.gate.passed('receiving ok 1.2');
    connection.socket.write(chunk('x'.repeat(4000)));
    const answer = await connection.until(/\}$/);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"00081155":{"vr":"UI","Value":["1.1"]}');
    expect(answer).toContain('"0008119A":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[42752]}}]}');
    expect(ingest.stored).toEqual(['1.1']);
  });

  it('answers 413 for more parts than are allowed and says what was stored', async () => {
    const { url, ingest } = await startServer({ STOW_MAX_PARTS: '2' });
    const response = await stow(url, multipart(['ok 1.1', 'ok 1.2', 'ok 1.3']));
    expect(response.status).toBe(413);
    expect(response.headers.get('warning')).toContain(
      'TOO_MANY_PARTS: The request has more parts than STOW_MAX_PARTS (2)',
    );
    expect(ingest.stored).toEqual(['1.1', '1.2']);
    expect(await response.json()).toMatchObject({ '00081199': { Value: [reference('1.1'), reference('1.2')] } });
  });

  it('answers 400 when the closing boundary is missing: the part that was cut off fails, those before it stay', async () => {
    const { url, ingest } = await startServer();
    const response = await stow(url, multipart(['ok 1.1', 'ok 1.2']).subarray(0, -10));
    expect(response.status).toBe(400);
    expect(ingest.stored).toEqual(['1.1']);
    expect(await response.json()).toEqual({
      '00081190': { vr: 'UR' },
      '00081199': { vr: 'SQ', Value: [{ ...reference('1.1'), '00081190': { vr: 'UR' } }] },
      '0008119A': { vr: 'SQ', Value: [{ '00081197': { vr: 'US', Value: [0x0110] } }] },
    });
  });

  it.each([
    ['no multipart at all', 'ok 1.1'],
    ['no part', '--edge--'],
    ['nothing', ''],
  ])('answers 400 in JSON to %s', async (_what, body) => {
    const { url } = await startServer();
    const response = await stow(url, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('answers 408 to a sender that falls silent', async () => {
    const { port, ingest } = await startServer({ UPLOAD_IDLE_TIMEOUT_MS: '500' });
    const connection = await RawConnection.open(port);
    connection.socket.write(`${stowHead()}--edge\r\n\r\nok 1.1`);
    const answer = await connection.until(/\}$/);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('UPLOAD_IDLE_TIMEOUT_MS');
    expect(ingest.refused).toMatchObject([{ error: { code: 'UPLOAD_TIMEOUT' } }]);
  });

  it('answers 408 to a sender that drips', async () => {
    const { port } = await startServer({ UPLOAD_TIMEOUT_MS: '1000' });
    const connection = await RawConnection.open(port);
    connection.socket.write(`${stowHead()}--edge\r\n\r\n`);
    const drip = setInterval(() => connection.socket.write('x'), 50);
    const answer = await connection.until(/\}$/).finally(() => clearInterval(drip));
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('UPLOAD_TIMEOUT_MS');
  });

  it('stores nothing of a film whose sender goes away, and keeps the films before it', async () => {
    const { port, ingest, log } = await startServer();
    const connection = await RawConnection.open(port);
    connection.socket.write(`${stowHead()}--edge\r\n\r\nok 1.1\r\n--edge\r\n\r\nok 1.2 ${'x'.repeat(1000)}`);
    await ingest.gate.passed('receiving ok 1.2');
    connection.socket.destroy();
    await ingest.gate.passed('refused');
    expect(ingest.refused).toMatchObject([{ error: { code: 'UPLOAD_ABORTED' } }]);
    expect(ingest.stored).toEqual(['1.1']);
    expect(await log.find('http.request')).toMatchObject({ status: 499, route: '/dicomweb/studies' });
  });

  it('takes the next film in while earlier ones are being committed, four at most', async () => {
    const { url, ingest } = await startServer();
    const uids = ['1.1', '1.2', '1.3', '1.4', '1.5', '1.6'];
    const response = stow(url, multipart(uids.map((uid) => `hold ${uid}`)));
    await ingest.gate.passed('receiving hold 1.4');
    expect(ingest.sources).toHaveLength(4);
    ingest.gate.open('release 1.2');
    await ingest.gate.passed('receiving hold 1.5');
    for (const uid of uids) ingest.gate.open(`release ${uid}`);
    expect((await response).status).toBe(200);
    expect(ingest.mostConcurrent).toBe(4);
    expect(await (await response).json()).toMatchObject({ '00081199': { Value: uids.map(reference) } });
  });

  it('reads the socket only as fast as the ingest takes bytes', async () => {
    const { port, ingest } = await startServer();
    const connection = await RawConnection.open(port);
    const length = 200_000_000;
    connection.socket.write(`${stowHead(`Content-Length: ${length}`)}--edge\r\n\r\nhold 1.1\r\n--edge\r\n\r\n`);
    for (const uid of ['1.2', '1.3', '1.4']) connection.socket.write(`hold ${uid}\r\n--edge\r\n\r\n`);
    await ingest.gate.passed('receiving hold 1.4');
    // Four are being committed: nothing more is read, so a write blocks once the socket's buffers are full.
    while (connection.socket.write(Buffer.alloc(1_000_000)) || connection.socket.writableLength < 20_000_000);
    expect(ingest.sources).toHaveLength(4);
    expect(connection.socket.bytesWritten - connection.socket.writableLength).toBeLessThan(20_000_000);
    connection.socket.destroy();
    for (const uid of ['1.1', '1.2', '1.3', '1.4']) ingest.gate.open(`release ${uid}`);
  });
});

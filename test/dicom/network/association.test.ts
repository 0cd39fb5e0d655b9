import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Association } from '../../../src/dicom/network/association.ts';
import { COMMAND } from '../../../src/dicom/network/command-set.ts';
import { REJECTIONS } from '../../../src/dicom/network/pdu.ts';
import { requestAssociation } from '../../../src/dicom/network/requestor.ts';
import { answer, call, DX_PRESENTATION, EXPLICIT, IMPLICIT, LIMITS, store, VERIFICATION } from '../../support/scu.ts';
import { listen, OPEN } from './support.ts';

const RESPONSE = { commandField: COMMAND.C_STORE_RSP, messageIdBeingRespondedTo: 8, status: 0 };

async function pair(limits = {}): Promise<{ readonly requestor: Association; readonly acceptor: Association }> {
  const { port, accepted } = await listen(limits);
  return { requestor: await call({ port, limits }), acceptor: await accepted() };
}

async function received(dataSet: AsyncIterable<Uint8Array> | null | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of dataSet ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes that differ from their neighbours, whatever the length. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff));
}

describe('negotiation', () => {
  it('agrees on contexts, roles and titles', async () => {
    const { port, accepted } = await listen();
    const contexts = [
      { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
      { abstractSyntax: DX_PRESENTATION, transferSyntaxes: [EXPLICIT, IMPLICIT], role: { scu: false, scp: true } },
    ];
    const requestor = await call({ port, contexts, callingAeTitle: 'ME', calledAeTitle: 'YOU' });
    const acceptor = await accepted();
    const agreed = [
      { id: 1, abstractSyntax: VERIFICATION, transferSyntax: IMPLICIT, role: { scu: true, scp: false } },
      { id: 3, abstractSyntax: DX_PRESENTATION, transferSyntax: EXPLICIT, role: { scu: false, scp: true } },
    ];
    expect(requestor.contexts).toEqual(agreed);
    expect(acceptor.contexts).toEqual(agreed);
    expect([acceptor.callingAeTitle, acceptor.calledAeTitle]).toEqual(['ME', 'YOU']);
  });

  it('tells of refused contexts by leaving them out', async () => {
    const { port } = await listen({}, { ...OPEN, judgeContext: () => ({ refused: 'ABSTRACT_SYNTAX_NOT_SUPPORTED' }) });
    expect((await call({ port })).contexts).toEqual([]);
  });

  it('gives the reason of a rejection in words', async () => {
    const { port } = await listen({}, { ...OPEN, judge: () => REJECTIONS.CALLED_AE_TITLE_NOT_RECOGNIZED });
    await expect(call({ port })).rejects.toMatchObject({
      code: 'DICOM_ASSOCIATION_REJECTED',
      message: expect.stringContaining('permanently: called AE title not recognized'),
    });
  });

  it('tells a node that is not there from one that does not answer', async () => {
    await expect(call({ port: 1 })).rejects.toMatchObject({
      code: 'DICOM_NODE_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const silent = createServer((socket) => socket.resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    await expect(call({ port, limits: { artimMs: 100 } })).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
  });

  it('refuses an answer that is none', async () => {
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    onTestFinished(() => void web.close());
    const { port } = web.address() as AddressInfo;
    await expect(call({ port })).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('can be called off', async () => {
    const { port } = await listen();
    const controller = new AbortController();
    const request = { host: '127.0.0.1', port, callingAeTitle: 'A', calledAeTitle: 'B', limits: LIMITS };
    const contexts = [{ abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }];
    const association = await requestAssociation({ ...request, contexts, signal: controller.signal });
    controller.abort();
    await association.ended;
    await expect(requestAssociation({ ...request, contexts, signal: controller.signal })).rejects.toThrow('aborted');
  });
});

describe('messages', () => {
  it.each([0, 1, 2, 65_524, 65_525, 65_526, 1_000_003])('with %i bytes arrive as they left', async (length) => {
    const { requestor, acceptor } = await pair();
    const bytes = pattern(length);
    const answered = store(requestor, { sopInstanceUid: '1.2.3', dataSet: bytes });
    const message = await acceptor.receive();
    expect(message?.command).toMatchObject({ commandField: COMMAND.C_STORE_RQ, affectedSopInstanceUid: '1.2.3' });
    expect((await received(message?.dataSet)).equals(bytes)).toBe(true);
    await acceptor.send(3, RESPONSE);
    expect((await answered).status).toBe(0);
  });

  it('sent in small pieces to a peer that takes small PDUs arrive in large ones', async () => {
    const { requestor, acceptor } = await pair({ maxPduBytes: 200 });
    const bytes = pattern(100_000);
    async function* pieces() {
      for (let start = 0; start < bytes.length; start += 33) yield bytes.subarray(start, start + 33);
    }
    void store(requestor, { sopInstanceUid: '1.2.3', dataSet: pieces() }).catch(() => {});
    const message = await acceptor.receive();
    const chunks: Uint8Array[] = [];
    for await (const chunk of message?.dataSet ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(chunks.length).toBeLessThan(10);
  });

  it('are held up by a receiver that does not read', async () => {
    const { requestor, acceptor } = await pair();
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024);
    async function* film() {
      for (; sent < 64 * 1024 * 1024 - chunk.length; sent += chunk.length) yield chunk;
    }
    const answered = store(requestor, { sopInstanceUid: '1.2.3', dataSet: film() });
    const message = await acceptor.receive();
    let held = -1;
    // The sender has come to rest when a whole turn of the event loop with timers moves nothing.
    while (held !== sent) {
      held = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(sent).toBeLessThan(16 * 1024 * 1024); // what the kernel's buffers of both sides take
    expect((await received(message?.dataSet)).length).toBe(sent);
    await acceptor.send(3, RESPONSE);
    await answered;
  });

  it('that are not wanted are skipped by the next receive', async () => {
    const { requestor, acceptor } = await pair();
    const first = store(requestor, { sopInstanceUid: '1.2.3', dataSet: pattern(500_000) });
    await acceptor.receive();
    await acceptor.send(3, { ...RESPONSE, status: 0xa700 });
    expect((await first).status).toBe(0xa700);
    const second = store(requestor, { sopInstanceUid: '1.2.4', dataSet: pattern(10) });
    expect((await acceptor.receive())?.command.affectedSopInstanceUid).toBe('1.2.4');
    await acceptor.send(3, RESPONSE);
    expect((await second).status).toBe(0);
  });

  it('longer than agreed end the data set, and the association when they go on', async () => {
    const { requestor, acceptor } = await pair({ maxDataSetBytes: 100_000 });
    const sending = store(requestor, { sopInstanceUid: '1.2.3', dataSet: pattern(1_000_000) });
    const message = await acceptor.receive();
    await expect(received(message?.dataSet)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await expect(acceptor.receive()).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    await expect(sending).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('whose source fails end the association with the error of the source', async () => {
    const { requestor, acceptor } = await pair();
    async function* film() {
      yield pattern(100);
      throw new TypeError('the disk is gone');
    }
    await expect(store(requestor, { sopInstanceUid: '1.2.3', dataSet: film() })).rejects.toThrow('the disk is gone');
    const ended = acceptor.receive().then((message) => received(message?.dataSet));
    await expect(ended).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('of concurrent calls do not mix', async () => {
    const { requestor, acceptor } = await pair();
    const films = [1, 2, 3].map((number) => ({ uid: `1.2.${number}`, bytes: pattern(200_000 + number) }));
    const sending = films.map(({ uid, bytes }) =>
      requestor.send(3, { commandField: COMMAND.C_STORE_RQ, messageId: 1, affectedSopInstanceUid: uid }, bytes),
    );
    for (const { uid, bytes } of films) {
      const message = await acceptor.receive();
      expect(message?.command.affectedSopInstanceUid).toBe(uid);
      expect((await received(message?.dataSet)).equals(bytes)).toBe(true);
    }
    await Promise.all(sending);
  });

  it('in a context that was not accepted are not sent', async () => {
    const { requestor } = await pair();
    await expect(requestor.send(5, { commandField: COMMAND.C_ECHO_RQ })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('the end', () => {
  it('by release is null for the other side', async () => {
    const { requestor, acceptor } = await pair();
    const next = acceptor.receive();
    await requestor.release();
    expect(await next).toBeNull();
    await Promise.all([requestor.ended, acceptor.ended]);
    await expect(requestor.send(1, { commandField: COMMAND.C_ECHO_RQ })).rejects.toThrow('has ended');
  });

  it('by release of both at once is in order', async () => {
    const { requestor, acceptor } = await pair();
    await Promise.all([requestor.release(), acceptor.release()]);
    await Promise.all([requestor.ended, acceptor.ended]);
  });

  it('by release drops what the peer was sending', async () => {
    const { requestor, acceptor } = await pair();
    const sending = acceptor.send(3, RESPONSE, pattern(1_000_000));
    const next = acceptor.receive();
    await requestor.release();
    expect(await next).toBeNull();
    await sending;
  });

  it('by abort is an error for the other side', async () => {
    const { requestor, acceptor } = await pair();
    const next = acceptor.receive();
    requestor.abort();
    await expect(next).rejects.toThrow('aborted by its application');
    await acceptor.ended;
  });

  it('by silence comes after the idle timeout', async () => {
    const { requestor, acceptor } = await pair({ idleTimeoutMs: 100 });
    await expect(acceptor.receive()).rejects.toThrow('silent for 100 ms');
    await expect(answer(requestor)).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });

  it('of a peer that vanishes within a data set is an error of that data set', async () => {
    const { requestor, acceptor } = await pair();
    const endless = (async function* () {
      for (;;) yield pattern(10_000);
    })();
    const sending = store(requestor, { sopInstanceUid: '1.2.3', dataSet: endless });
    const message = await acceptor.receive();
    let seen = 0;
    const reading = (async () => {
      for await (const chunk of message?.dataSet ?? []) {
        seen += chunk.length;
        if (seen > 100_000) requestor.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
    await expect(sending).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
  });
});

import { describe, expect, it } from 'vitest';
import { COMMAND } from '../../src/dicom/network/command-set.ts';
import { PROVIDED_SOP_CLASSES } from '../../src/dimse/conformance.ts';
import { GatewayError } from '../../src/errors.ts';
import { answer, call, DX_PRESENTATION, EXPLICIT, echo, IMPLICIT, store, VERIFICATION } from '../support/scu.ts';
import { node, openDoor } from './support.ts';

const BASIC_TEXT_SR = '1.2.840.10008.5.1.4.1.1.88.11';
const MPEG2 = '1.2.840.10008.1.2.4.100';
const FILM = { sopInstanceUid: '1.2.3', dataSet: Buffer.from('a data set') };

describe('who may associate', () => {
  it.each([
    ['an unknown caller', { callingAeTitle: 'STRANGER' }, 'permanently: calling AE title not recognized'],
    ['a caller of somebody else', { calledAeTitle: 'OTHER' }, 'permanently: called AE title not recognized'],
    ['a title in another case', { callingAeTitle: 'testscu' }, 'permanently: calling AE title not recognized'],
  ])('%s is rejected', async (_name, titles, reason) => {
    const { port, log } = await openDoor();
    await expect(call({ port, ...titles })).rejects.toThrow(reason);
    expect(await log.find('dimse.rejected')).toMatchObject({ reason });
  });

  it('unknown callers are let in where the setting says so', async () => {
    const { port } = await openDoor({ DIMSE_UNKNOWN_CALLERS: 'accept' }, []);
    expect(await echo(await call({ port, callingAeTitle: 'STRANGER' }))).toBe(0);
  });

  it('a node that is known by DICOMweb alone does not count as a caller', async () => {
    const { port } = await openDoor({}, [{ ...node('X'), dimse: undefined }]);
    await expect(call({ port })).rejects.toThrow('calling AE title not recognized');
  });
});

describe('for what', () => {
  it('images of every class that is stored, in the first syntax of the caller that is read', async () => {
    const { port } = await openDoor();
    const storage = PROVIDED_SOP_CLASSES.filter(({ service }) => service === 'STORAGE');
    expect(storage.length).toBeGreaterThan(20);
    const contexts = storage.map(({ uid }) => ({ abstractSyntax: uid, transferSyntaxes: [MPEG2, EXPLICIT, IMPLICIT] }));
    const association = await call({ port, contexts });
    expect(association.contexts.map(({ abstractSyntax }) => abstractSyntax)).toEqual(storage.map(({ uid }) => uid));
    expect(new Set(association.contexts.map(({ transferSyntax }) => transferSyntax))).toEqual(new Set([EXPLICIT]));
  });

  it('nothing without pixels, and no syntax that is not read', async () => {
    const { port } = await openDoor();
    const contexts = [
      { abstractSyntax: BASIC_TEXT_SR, transferSyntaxes: [EXPLICIT] },
      { abstractSyntax: DX_PRESENTATION, transferSyntaxes: [MPEG2] },
    ];
    expect((await call({ port, contexts })).contexts).toEqual([]);
  });

  it('no other role than that of the user', async () => {
    const { port, ingest } = await openDoor();
    const contexts = [
      { abstractSyntax: DX_PRESENTATION, transferSyntaxes: [EXPLICIT], role: { scu: false, scp: true } },
    ];
    const association = await call({ port, contexts });
    expect(association.contexts[0]?.role).toEqual({ scu: false, scp: false });
    expect((await store(association, { ...FILM, contextId: 1 })).status).toBe(0x0124);
    expect(ingest.films).toEqual([]);
  });
});

describe('C-STORE', () => {
  it('gives the ingest a Part 10 file that depends on the data set alone', async () => {
    const { port, ingest } = await openDoor({ DIMSE_UNKNOWN_CALLERS: 'accept' });
    for (const [callingAeTitle, maxPduBytes] of [
      ['TESTSCU', 4096],
      ['ANOTHER', 131_072],
    ] as const) {
      const association = await call({ port, callingAeTitle, limits: { maxPduBytes } });
      expect(await store(association, FILM)).toMatchObject({ status: 0, affectedSopInstanceUid: '1.2.3' });
      await association.release();
    }
    const [first, second] = ingest.films;
    expect(first?.bytes.equals(second?.bytes as Buffer)).toBe(true);
    expect(first?.bytes.toString('latin1', 128, 132)).toBe('DICM');
    expect(first?.bytes.subarray(-10).toString()).toBe('a data set');
    expect(second?.source).toMatchObject({ door: 'C_STORE', callingAeTitle: 'ANOTHER' });
  });

  it('answers success no sooner than the film is durable', async () => {
    const { port, ingest } = await openDoor();
    const { promise, resolve } = Promise.withResolvers<void>();
    ingest.release = promise;
    const association = await call({ port });
    let answered = false;
    const storing = store(association, FILM).then((response) => {
      answered = true;
      return response;
    });
    const other = await call({ port });
    expect(await echo(other)).toBe(0);
    expect(answered).toBe(false);
    resolve();
    expect((await storing).status).toBe(0);
  });

  it.each([
    ['STORAGE_FULL', 0xa700],
    ['BUSY', 0xa700],
    ['SHUTTING_DOWN', 0xa700],
    ['INSTANCE_MISMATCH', 0xa900],
    ['RECORD_CONFLICT', 0xa900],
    ['MALFORMED_DICOM', 0xc000],
    ['SOP_CLASS_UNSUPPORTED', 0x0122],
    ['INSTANCE_CONFLICT', 0x0111],
    ['INTERNAL', 0x0110],
  ] as const)('%s is status %i, with code and remedy, after the whole data set', async (code, status) => {
    const { port, ingest } = await openDoor();
    ingest.refusal = new GatewayError(code, 'As the test wants it.');
    const association = await call({ port });
    const response = await store(association, { ...FILM, dataSet: Buffer.alloc(3_000_000) });
    expect(response.status).toBe(status);
    expect(response.errorComment).toMatch(new RegExp(`^${code}: .`));
    expect(response.errorComment?.length).toBeLessThanOrEqual(64);
    ingest.refusal = undefined;
    expect((await store(association, FILM)).status).toBe(0);
  });

  it.each([
    ['a class that is not that of its context', { sopClassUid: '1.2.840.10008.5.1.4.1.1.1' }, 0x0122],
    ['an instance that is no UID', { sopInstanceUid: '../../etc/passwd' }, 0xa900],
    ['an image in the context of verification', { contextId: 1 }, 0x0122],
  ])('%s is refused', async (_name, film, status) => {
    const { port, ingest } = await openDoor();
    const association = await call({ port });
    expect((await store(association, { ...FILM, ...film })).status).toBe(status);
    expect(ingest.films).toEqual([]);
  });

  it('a data set beyond DICOM_MAX_FILE_BYTES is A700, and the association lives', async () => {
    const { port } = await openDoor({ DICOM_MAX_FILE_BYTES: '100000' });
    const association = await call({ port });
    const response = await store(association, { ...FILM, dataSet: Buffer.alloc(150_000) });
    expect(response).toMatchObject({ status: 0xa700, errorComment: expect.stringMatching(/^PAYLOAD_TOO_LARGE/) });
    expect(await echo(association)).toBe(0);
  });

  it('of a peer that dies within a data set leaves nothing', async () => {
    const { port, ingest, log, door } = await openDoor();
    const association = await call({ port });
    async function* film() {
      for (let count = 0; ; count += 1) {
        if (count === 100) association.abort();
        yield Buffer.alloc(10_000);
      }
    }
    await expect(store(association, { ...FILM, dataSet: film() })).rejects.toMatchObject({ code: 'DICOM_NODE_FAILED' });
    await log.find('dimse.lost');
    expect(ingest.failures).toEqual([expect.objectContaining({ code: 'UPLOAD_ABORTED' })]);
    expect(ingest.films).toEqual([]);
    expect(await echo(await call({ port }))).toBe(0);
    expect(door.associations).toBe(1);
  });
});

describe('other operations', () => {
  it.each([
    ['C-FIND', { commandField: COMMAND.C_FIND_RQ, messageId: 5, affectedSopClassUid: VERIFICATION }, 0x0211],
    ['N-ACTION elsewhere', { commandField: COMMAND.N_ACTION_RQ, messageId: 5, requestedSopClassUid: '1.2' }, 0x0211],
    ['C-ECHO without message ID', { commandField: COMMAND.C_ECHO_RQ, affectedSopClassUid: VERIFICATION }, 0x0212],
    [
      'C-STORE without data set',
      { commandField: COMMAND.C_STORE_RQ, messageId: 5, affectedSopClassUid: VERIFICATION },
      0x0212,
    ],
  ])('%s is refused', async (_name, command, status) => {
    const { port } = await openDoor();
    const association = await call({ port });
    await association.send(1, command);
    expect(await answer(association)).toMatchObject({ status, commandField: command.commandField | 0x8000 });
    expect(await echo(association)).toBe(0);
  });

  it('C-ECHO in a context of images is refused', async () => {
    const { port } = await openDoor();
    const association = await call({ port });
    await association.send(3, { commandField: COMMAND.C_ECHO_RQ, messageId: 1, affectedSopClassUid: VERIFICATION });
    expect((await answer(association)).status).toBe(0x0122);
  });

  it('C-CANCEL and answers to nothing are passed over', async () => {
    const { port } = await openDoor();
    const association = await call({ port });
    await association.send(1, { commandField: COMMAND.C_CANCEL_RQ, messageIdBeingRespondedTo: 1 });
    await association.send(1, { commandField: COMMAND.C_STORE_RSP, messageIdBeingRespondedTo: 77, status: 0 });
    expect(await echo(association)).toBe(0);
  });
});

describe('drain', () => {
  it('lets the message under way end, ends the idle ones, takes none', async () => {
    const { port, ingest, door } = await openDoor();
    const { promise, resolve } = Promise.withResolvers<void>();
    ingest.release = promise;
    const [busy, idle] = [await call({ port }), await call({ port })];
    const storing = store(busy, FILM);
    // The film has arrived once another association that began later has been served.
    const later = await call({ port });
    while (ingest.films.length === 0) expect(await echo(later)).toBe(0);
    const drained = door.drain(10_000);
    await expect(answer(idle)).rejects.toThrow('aborted');
    await expect(call({ port })).rejects.toMatchObject({ code: 'DICOM_NODE_UNREACHABLE' });
    resolve();
    expect((await storing).status).toBe(0);
    await drained;
    await expect(answer(busy)).rejects.toThrow('aborted');
    expect(door.associations).toBe(0);
  });
});

/** What a hostile or broken peer can send, by raw sockets. Beside each attack a good peer must get through. */
import { describe, expect, it } from 'vitest';
import { COMMAND, encodeCommandSet } from '../../src/dicom/network/command-set.ts';
import { call, DX_PRESENTATION, echo, VERIFICATION } from '../support/scu.ts';
import { abortReason, associated, associateRequest, data, openDoor, raw } from './support.ts';

const INVALID_PARAMETER = 6;
const UNEXPECTED_PDU = 2;
const UNRECOGNIZED_PDU = 1;

const ECHO = encodeCommandSet(
  { commandField: COMMAND.C_ECHO_RQ, messageId: 1, affectedSopClassUid: VERIFICATION },
  false,
);
const STORE = encodeCommandSet(
  {
    commandField: COMMAND.C_STORE_RQ,
    messageId: 1,
    affectedSopClassUid: DX_PRESENTATION,
    affectedSopInstanceUid: '1.2.3',
  },
  true,
);

/** A PDU header that claims a length. */
function header(type: number, length: number): Buffer {
  const bytes = Buffer.from([type, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 2);
  return bytes;
}

async function goodPeerGetsThrough(port: number): Promise<void> {
  const association = await call({ port });
  expect(await echo(association)).toBe(0);
  await association.release();
}

describe('before an association', () => {
  it('a PDU that claims 4 GB is refused by its header', async () => {
    const { port } = await openDoor();
    for (const type of [0x01, 0x04]) {
      const peer = await raw(port);
      const began = performance.now();
      peer.socket.write(header(type, 0xffff_ffff));
      const aborted = await peer.received(10);
      expect(performance.now() - began).toBeLessThan(200); // 1 to 3 ms when the machine has nothing else to do
      expect(abortReason(aborted)).toBe(type === 0x01 ? INVALID_PARAMETER : UNEXPECTED_PDU);
    }
    await goodPeerGetsThrough(port);
  });

  it('a silent connection is closed after ARTIM', async () => {
    const { port } = await openDoor({ DIMSE_ARTIM_MS: '500' });
    const peer = await raw(port);
    await goodPeerGetsThrough(port);
    await peer.closed;
  });

  it('one byte now and then does not live longer than ARTIM', async () => {
    const { port } = await openDoor({ DIMSE_ARTIM_MS: '500' });
    const peer = await raw(port);
    const request = associateRequest();
    let sent = 0;
    const dribble = setInterval(() => peer.socket.write(request.subarray(sent, ++sent)), 20);
    const began = performance.now();
    await peer.closed;
    clearInterval(dribble);
    expect(sent).toBeLessThan(request.length);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n'), UNRECOGNIZED_PDU],
    ['data', data(1, true, true, ECHO), UNEXPECTED_PDU],
    ['a release', header(0x05, 4), UNEXPECTED_PDU],
    ['a request without items', Buffer.concat([header(0x01, 68), Buffer.alloc(68)]), INVALID_PARAMETER],
    ['an empty request', header(0x01, 0), INVALID_PARAMETER],
  ])('%s is answered by A-ABORT', async (_name, bytes, reason) => {
    const { port, log } = await openDoor();
    const peer = await raw(port);
    peer.socket.write(bytes);
    expect(abortReason(await peer.closed)).toBe(reason);
    expect(log.events.some(({ level }) => level === 'error')).toBe(false);
  });

  it('a half-open connection is closed', async () => {
    const { port } = await openDoor();
    const peer = await raw(port);
    peer.socket.end(associateRequest().subarray(0, 50));
    await peer.closed;
  });

  it('1000 connections push out each other, and a good peer still gets through', async () => {
    const { port, door } = await openDoor({ DIMSE_MAX_ASSOCIATIONS: '8', DIMSE_ARTIM_MS: '60000' });
    const peers = await Promise.all(Array.from({ length: 1000 }, () => raw(port)));
    await goodPeerGetsThrough(port);
    let open = peers.length;
    await new Promise<void>((resolve) => {
      for (const { closed } of peers) void closed.then(() => --open === 72 && resolve()); // 8 associations + 64
    });
    expect(door.associations).toBe(0);
  });

  it('associations beyond the cap are rejected for now, and room that is left is given again', async () => {
    const { port } = await openDoor({ DIMSE_MAX_ASSOCIATIONS: '2' });
    const held = [await call({ port }), await call({ port })];
    const peer = await raw(port);
    peer.socket.write(associateRequest());
    // A-ASSOCIATE-RJ: transient, service provider (presentation), local limit exceeded.
    expect([...(await peer.closed)]).toEqual([3, 0, 0, 0, 0, 4, 0, 2, 3, 2]);
    await held[0]?.release();
    await goodPeerGetsThrough(port);
    expect(await echo(held[1] as NonNullable<(typeof held)[1]>)).toBe(0);
  });
});

describe('within an association', () => {
  it.each([
    ['a PDU longer than agreed', header(0x04, 0xffff_ffff), INVALID_PARAMETER],
    ['a PDU without values', header(0x04, 0), INVALID_PARAMETER],
    ['a second association request', associateRequest(), UNEXPECTED_PDU],
    ['A-ASSOCIATE-AC', header(0x02, 200), UNEXPECTED_PDU],
    ['A-RELEASE-RP unasked', Buffer.concat([header(0x06, 4), Buffer.alloc(4)]), UNEXPECTED_PDU],
    ['a PDU of no known type', header(0x99, 4), UNRECOGNIZED_PDU],
    ['a release of another length', header(0x05, 1_000_000), INVALID_PARAMETER],
    [
      'a value longer than its PDU',
      Buffer.concat([header(0x04, 10), Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 3])]),
      INVALID_PARAMETER,
    ],
    [
      'a value that is too short for its header',
      Buffer.concat([header(0x04, 6), Buffer.from([0, 0, 0, 1, 1, 3])]),
      INVALID_PARAMETER,
    ],
    ['a context that was never proposed', data(99, true, true, ECHO), INVALID_PARAMETER],
    ['a data set without command', data(1, false, true, ECHO), INVALID_PARAMETER],
    ['a command that is none', data(1, true, true, Buffer.alloc(40, 0xee)), INVALID_PARAMETER],
    ['an empty command', data(1, true, true, Buffer.alloc(0)), INVALID_PARAMETER],
    [
      'a command where the data set is due',
      Buffer.concat([data(3, true, true, STORE), data(3, true, true, ECHO)]),
      INVALID_PARAMETER,
    ],
    [
      'a data set in another context',
      Buffer.concat([data(3, true, true, STORE), data(1, false, true, ECHO)]),
      INVALID_PARAMETER,
    ],
    [
      'a release within a message',
      Buffer.concat([data(3, true, true, STORE), header(0x05, 4), Buffer.alloc(4)]),
      UNEXPECTED_PDU,
    ],
    [
      'values without bytes and without end',
      Buffer.concat(Array.from({ length: 50 }, () => data(1, true, false, Buffer.alloc(0)))),
      INVALID_PARAMETER,
    ],
    [
      'a command set without end',
      Buffer.concat(Array.from({ length: 70 }, () => data(1, true, false, Buffer.alloc(1000)))),
      INVALID_PARAMETER,
    ],
  ])('%s is answered by A-ABORT', async (_name, bytes, reason) => {
    const { port, ingest, log } = await openDoor();
    const peer = await associated(port);
    peer.socket.write(bytes);
    expect(abortReason(await peer.closed)).toBe(reason);
    await goodPeerGetsThrough(port);
    expect(ingest.films).toEqual([]);
    expect(log.events.some(({ level }) => level === 'error')).toBe(false);
  });

  it('a silent peer is let go after the idle timeout', async () => {
    const { port, door } = await openDoor({ DIMSE_IDLE_TIMEOUT_MS: '1000' });
    const peer = await associated(port);
    expect(door.associations).toBe(1);
    expect(abortReason(await peer.closed)).toBe(0);
    expect(door.associations).toBe(0);
  });

  it('a data set of one byte now and then does not live longer than the message timeout', async () => {
    const { port, ingest, log } = await openDoor({ DIMSE_MESSAGE_TIMEOUT_MS: '1000' });
    const peer = await associated(port);
    peer.socket.write(data(3, true, true, STORE));
    const dribble = setInterval(() => peer.socket.write(data(3, false, false, Buffer.alloc(1))), 20);
    const began = performance.now();
    await peer.closed;
    clearInterval(dribble);
    expect(performance.now() - began).toBeLessThan(4000);
    await log.find('dimse.lost');
    expect(ingest.failures).toEqual([expect.objectContaining({ code: 'UPLOAD_ABORTED' })]);
  });

  it('a hundred thousand values of one byte are joined', async () => {
    const { port, ingest } = await openDoor();
    const peer = await associated(port);
    const crumbs = Array.from({ length: 100_000 }, (_, index) => data(3, false, false, Uint8Array.of(index & 0xff)));
    peer.socket.write(Buffer.concat([data(3, true, true, STORE), ...crumbs, data(3, false, true, Buffer.alloc(0))]));
    await peer.received(peer.acceptBytes + 12 + STORE.length);
    expect(ingest.films[0]?.bytes.subarray(-100_000)).toEqual(
      Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => index & 0xff)),
    );
  });

  it('a peer that never reads its answers is let go', async () => {
    const { port, log } = await openDoor({ DIMSE_IDLE_TIMEOUT_MS: '1000' });
    const peer = await associated(port);
    peer.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 500 }, () => data(1, true, true, ECHO)));
    const pour = () => {
      while (peer.socket.writable && peer.socket.write(flood));
    };
    peer.socket.on('drain', pour);
    pour();
    await log.find('dimse.lost');
    await goodPeerGetsThrough(port);
  });
});

/** The DICOM door on a real socket, with an ingest that keeps what it is given in memory. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { encodeAssociateRequest } from '../../src/dicom/network/associate-pdu.ts';
import type { DicomNode } from '../../src/dicom/network/node.ts';
import { encodeFragmentHeader } from '../../src/dicom/network/pdu.ts';
import type { CommitmentRequests } from '../../src/dimse/commitment-request.ts';
import { DimseDoor } from '../../src/dimse/door.ts';
import type { GatewayError } from '../../src/errors.ts';
import type { Ingest, IngestedInstance, IngestSource } from '../../src/ingest.ts';
import { RecordingLog } from '../http/support.ts';
import { DX_PRESENTATION, EXPLICIT, IMPLICIT, VERIFICATION } from '../support/scu.ts';

/** Takes films into memory; `refusal` and `release` decide how and when one ends. */
export class MemoryIngest implements Ingest {
  readonly films: { readonly bytes: Buffer; readonly source: IngestSource }[] = [];
  readonly failures: unknown[] = [];
  /** Thrown before a byte is read, when set. */
  refusal: GatewayError | undefined;
  /** Awaited before success, when set. */
  release: Promise<void> | undefined;

  async accept(bytes: AsyncIterable<Uint8Array>, source: IngestSource): Promise<IngestedInstance> {
    if (this.refusal !== undefined) throw this.refusal;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
    } catch (error) {
      this.failures.push(error);
      throw error;
    }
    this.films.push({ bytes: Buffer.concat(chunks), source });
    await this.release;
    const ids = { instanceId: 'i', inferenceId: 'j', studyInstanceUid: '1.2', seriesInstanceUid: '1.3' };
    const { expectedSopClassUid: sopClassUid = '', expectedSopInstanceUid: sopInstanceUid = '' } = source;
    return { ...ids, sopClassUid, sopInstanceUid, duplicate: false, eligibility: 'READ', reasons: [] };
  }
}

/** An open door. */
export interface TestDoor {
  readonly door: DimseDoor;
  readonly port: number;
  readonly ingest: MemoryIngest;
  readonly log: RecordingLog;
}

/** A node that is known by its title. */
export function node(aeTitle: string, dimse: Partial<NonNullable<DicomNode['dimse']>> = {}): DicomNode {
  const address = { aeTitle, host: undefined, port: 104, tls: false, caFile: undefined, retrieve: 'get' as const };
  return { name: aeTitle.toLowerCase(), dimse: { ...address, ...dimse }, dicomWeb: undefined };
}

/** Opens a door that knows TESTSCU, with short times; it closes when the test ends. Without `commitments` N-ACTION fails. */
export async function openDoor(
  settings: Record<string, string> = {},
  nodes: readonly DicomNode[] = [node('TESTSCU')],
  commitments: CommitmentRequests = undefined as unknown as CommitmentRequests,
): Promise<TestDoor> {
  const { dimse: config, film } = loadConfig({ DIMSE_PORT: '0', DIMSE_ARTIM_MS: '1000', ...settings }, {});
  const [ingest, log] = [new MemoryIngest(), new RecordingLog()];
  const door = new DimseDoor({ config, maxFileBytes: film.maxFileBytes, nodes, ingest, commitments, log });
  const { port } = await door.open();
  onTestFinished(() => door[Symbol.asyncDispose]());
  return { door, port, ingest, log };
}

/** A peer that says what it likes. */
export interface RawPeer {
  readonly socket: Socket;
  /** Everything received by the time the connection is closed. */
  readonly closed: Promise<Buffer>;
  /** Resolves once this many bytes have come. */
  received(count: number): Promise<Buffer>;
}

/** Connects without saying anything. */
export async function raw(port: number): Promise<RawPeer> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  let bytes = Buffer.alloc(0);
  const waiting = new Set<() => void>();
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (const wake of waiting) wake();
  });
  const closed = new Promise<Buffer>((resolve) => socket.once('close', () => resolve(bytes)));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const received = (count: number) =>
    new Promise<Buffer>((resolve, reject) => {
      const look = () => {
        if (bytes.length < count) return;
        waiting.delete(look);
        resolve(bytes);
      };
      waiting.add(look);
      void closed.then(() => reject(new Error(`closed after ${bytes.length} bytes`)));
      look();
    });
  return { socket, closed, received };
}

/** A-ASSOCIATE-RQ of TESTSCU: context 1 verification, context 3 DX. */
export function associateRequest(callingAeTitle = 'TESTSCU'): Buffer {
  return encodeAssociateRequest({
    callingAeTitle,
    calledAeTitle: 'CXRGATEWAY',
    contexts: [
      { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
      { id: 3, abstractSyntax: DX_PRESENTATION, transferSyntaxes: [EXPLICIT] },
    ],
    user: {
      maxPduBytes: 16_384,
      implementationClassUid: '1.2.3',
      implementationVersionName: undefined,
      roles: new Map(),
      namesUser: false,
    },
  });
}

/** A raw peer with an association; its bytes so far are the A-ASSOCIATE-AC of the length given. */
export async function associated(port: number): Promise<RawPeer & { readonly acceptBytes: number }> {
  const peer = await raw(port);
  peer.socket.write(associateRequest());
  const accept = await peer.received(6);
  const acceptBytes = 6 + accept.readUInt32BE(2);
  await peer.received(acceptBytes);
  return { ...peer, acceptBytes };
}

/** One P-DATA-TF PDU with one value. */
export function data(contextId: number, isCommand: boolean, isLast: boolean, bytes: Uint8Array): Buffer {
  return Buffer.concat([encodeFragmentHeader({ contextId, isCommand, isLast, length: bytes.length }), bytes]);
}

/** The reason field when the last PDU received is A-ABORT of the upper layer, else undefined. */
export function abortReason(received: Buffer): number | undefined {
  const pdu = received.subarray(-10);
  return pdu[0] === 0x07 && pdu[8] === 2 ? pdu[9] : undefined;
}

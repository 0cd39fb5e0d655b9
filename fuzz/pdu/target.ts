/** The DICOM door: mutated conversations on real sockets, through negotiation and sessions, with a store that only counts. */
import { connect, createServer, type Socket } from 'node:net';
import { identityOfNode } from '../../src/access/node-identity.ts';
import { acceptAssociation } from '../../src/dicom/network/acceptor.ts';
import type { AssociationLimits } from '../../src/dicom/network/association.ts';
import { PDU_HEADER_BYTES } from '../../src/dicom/network/pdu.ts';
import { CommitmentRequests } from '../../src/dimse/commitment-request.ts';
import { negotiation } from '../../src/dimse/negotiation.ts';
import { Session } from '../../src/dimse/session.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Ingest } from '../../src/ingest.ts';
import { silentLog } from '../../src/log.ts';
import { joined, mutate, splice } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';
import { recordConversations } from './conversation.ts';
import { AE_TITLE, CAP_BYTES, LIMITS, PATIENT_LIMITS } from './limits.ts';

export { CAP_BYTES };

/** Reads a film to its end and keeps nothing. */
const ingest: Ingest = {
  accept: async (bytes) => {
    let length = 0;
    for await (const chunk of bytes) length += chunk.length;
    if (length > CAP_BYTES) throw new Error(`${length} bytes came through`);
    return {
      instanceId: '1',
      inferenceId: '1',
      sopInstanceUid: '1.2.3.4',
      sopClassUid: '1.2',
      studyInstanceUid: '1.2.3.5',
      seriesInstanceUid: '1.2.3.6',
      duplicate: false,
      eligibility: 'READ',
      reasons: [],
    };
  },
};

const commitments = new CommitmentRequests(
  {
    record: async (request) => ({ ...request, id: '1', attempts: 1, createdAt: new Date() }),
  },
  { claimMs: 1000, report: () => {} },
  silentLog,
);

const callers = new Map([['FUZZ', undefined]]);

const policy = negotiation(
  { aeTitle: AE_TITLE, knownCallers: callers, acceptUnknownCallers: false, hasRoom: () => true },
  undefined,
);

const identity = identityOfNode({ callingAeTitle: 'FUZZ', name: undefined, certificate: undefined });

/** A door with its sessions, one connection at a time. */
class Door {
  readonly #server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  readonly #received: Uint8Array[] = [];
  #ended = Promise.withResolvers<string>();
  limits = PATIENT_LIMITS;

  /** @returns the port */
  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** How the next connection ends. */
  next(): Promise<string> {
    this.#ended = Promise.withResolvers<string>();
    this.#received.length = 0;
    return this.#ended.promise;
  }

  /** What the last connection sent. */
  received(): Uint8Array {
    return joined(...this.#received.splice(0));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    // A copy: whoever reads the socket gives its memory back.
    socket.on('data', (chunk: Uint8Array) => this.#received.push(Uint8Array.from(chunk)));
    const gone = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    converse(socket, this.limits).then(
      (outcome) => void gone.then(() => this.#ended.resolve(outcome)),
      (error: unknown) => this.#ended.reject(error),
    );
  }
}

async function converse(socket: Socket, limits: AssociationLimits): Promise<string> {
  let stage = 'BEFORE_ASSOCIATION';
  try {
    const accepted = await acceptAssociation(socket, limits, policy);
    if ('refused' in accepted) return 'REJECTED';
    stage = 'WITHIN_ASSOCIATION';
    await new Session(accepted.association, {
      ingest,
      commitments,
      address: '127.0.0.1',
      identity,
      answerTimeoutMs: limits.artimMs,
    }).run();
    return 'RELEASED';
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'INTERNAL') return `${error.code}_${stage}`;
    throw error;
  }
}

/** Opens the door and records what is mutated. */
export async function prepare(): Promise<Target> {
  const door = new Door();
  const port = await door.open();
  const conversations = await recordConversations(port, () => door.received());
  door.limits = LIMITS;
  return {
    run: async (random) => {
      const ended = door.next();
      await speak(port, inputOf(conversations, random), random);
      return ended;
    },
    close: () => door.close(),
  };
}

function inputOf(conversations: readonly Uint8Array[], random: Random): Uint8Array {
  const kind = random.below(10);
  if (kind === 0) return random.bytes(1 + random.below(200));
  if (kind < 3) return splice(random.pick(conversations), random.pick(conversations), random);
  const conversation = random.pick(conversations);
  if (kind < 6) return mutate(conversation, random);
  // The request is most of the bytes; what lies behind it is reached only where it is whole.
  const requestLength = PDU_HEADER_BYTES + Buffer.from(conversation.buffer, conversation.byteOffset).readUInt32BE(2);
  return joined(conversation.subarray(0, requestLength), mutate(conversation.subarray(requestLength), random));
}

/** Sends everything, in one piece or in several, and hangs up; resolves when the connection is gone. */
function speak(port: number, bytes: Uint8Array, random: Random): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      const cut = random.chance(0.3) ? random.below(bytes.length) : 0;
      if (cut > 0) socket.write(bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
    });
    socket.resume();
    // A door that hangs up first resets what was on its way.
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });
}

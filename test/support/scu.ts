/** A DICOM peer of the gateway's own protocol code: asks for associations, stores films, waits for answers. */
import type { Association, AssociationLimits, ProposedContext } from '../../src/dicom/network/association.ts';
import { COMMAND, type CommandSet } from '../../src/dicom/network/command-set.ts';
import { requestAssociation } from '../../src/dicom/network/requestor.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
export const DX_PRESENTATION = '1.2.840.10008.5.1.4.1.1.1.1';
export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';

export const LIMITS: AssociationLimits = {
  maxPduBytes: 64 * 1024,
  maxDataSetBytes: 64 * 1024 * 1024,
  artimMs: 5000,
  idleTimeoutMs: 10_000,
  messageTimeoutMs: 30_000,
};

/** What to propose and how to call; a caller named TESTSCU that can echo and store unless told otherwise. */
export interface CallOptions {
  readonly port: number;
  readonly callingAeTitle?: string;
  readonly calledAeTitle?: string;
  readonly contexts?: readonly ProposedContext[];
  readonly limits?: Partial<AssociationLimits>;
}

const CONTEXTS: readonly ProposedContext[] = [
  { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] },
  { abstractSyntax: DX_PRESENTATION, transferSyntaxes: [EXPLICIT] },
];

/** An association with the door at a port of this machine. */
export function call(options: CallOptions): Promise<Association> {
  return requestAssociation({
    host: '127.0.0.1',
    port: options.port,
    callingAeTitle: options.callingAeTitle ?? 'TESTSCU',
    calledAeTitle: options.calledAeTitle ?? 'CXRGATEWAY',
    contexts: options.contexts ?? CONTEXTS,
    limits: { ...LIMITS, ...options.limits },
  });
}

/** The answer to what was sent last. */
export async function answer(association: Association): Promise<CommandSet> {
  const message = await association.receive();
  if (message === null) throw new Error('the association was released');
  return message.command;
}

/** C-ECHO; returns the status. */
export async function echo(association: Association): Promise<number | undefined> {
  await association.send(1, { commandField: COMMAND.C_ECHO_RQ, messageId: 7, affectedSopClassUid: VERIFICATION });
  return (await answer(association)).status;
}

/** A film on its way by C-STORE. */
export interface SentFilm {
  readonly sopClassUid?: string;
  readonly sopInstanceUid: string;
  /** Without preamble and file meta information. */
  readonly dataSet: Uint8Array | AsyncIterable<Uint8Array>;
  readonly contextId?: number;
}

/** C-STORE; returns the answer. */
export async function store(association: Association, film: SentFilm): Promise<CommandSet> {
  await association.send(
    film.contextId ?? 3,
    {
      commandField: COMMAND.C_STORE_RQ,
      messageId: 8,
      priority: 0,
      affectedSopClassUid: film.sopClassUid ?? DX_PRESENTATION,
      affectedSopInstanceUid: film.sopInstanceUid,
    },
    film.dataSet,
  );
  return answer(association);
}

/** The data set of a Part 10 file whose meta information has a right group length. */
export function dataSetOf(file: Uint8Array): Uint8Array {
  return file.subarray(144 + Buffer.from(file.buffer, file.byteOffset).readUInt32LE(140));
}

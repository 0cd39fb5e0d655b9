/** What a well-behaved peer sends: recorded from the gateway's own requestor, for mutations to begin with. */

import type { Association } from '../../src/dicom/network/association.ts';
import { COMMAND } from '../../src/dicom/network/command-set.ts';
import { requestAssociation } from '../../src/dicom/network/requestor.ts';
import { writeDataSet } from '../../src/dicom/part10-writer.ts';
import { makePhantom } from '../../src/dicom/phantom.ts';
import { DX_IMAGE_FOR_PRESENTATION, VERIFICATION } from '../../src/dicom/sop-classes.ts';
import { PLAIN_TRANSFER_SYNTAXES } from '../../src/dicom/transfer-syntaxes.ts';
import { STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE } from '../../src/dimse/conformance.ts';
import { dataSetOffset, SIDE } from '../dicom/structure.ts';
import { AE_TITLE, PATIENT_LIMITS } from './limits.ts';

type Part = (association: Association, contextId: number) => Promise<void>;

const echo: Part = (association, contextId) =>
  association.send(contextId, { commandField: COMMAND.C_ECHO_RQ, messageId: 1, affectedSopClassUid: VERIFICATION });

const store: Part = (association, contextId) => {
  const film = makePhantom({ seed: 1, rows: SIDE, columns: SIDE });
  return association.send(
    contextId,
    {
      commandField: COMMAND.C_STORE_RQ,
      messageId: 2,
      priority: 0,
      affectedSopClassUid: DX_IMAGE_FOR_PRESENTATION,
      affectedSopInstanceUid: '1.2.3.4',
    },
    film.subarray(dataSetOffset(film)),
  );
};

const commit: Part = (association, contextId) =>
  association.send(
    contextId,
    {
      commandField: COMMAND.N_ACTION_RQ,
      messageId: 3,
      requestedSopClassUid: STORAGE_COMMITMENT,
      requestedSopInstanceUid: STORAGE_COMMITMENT_INSTANCE,
      actionTypeId: 1,
    },
    writeDataSet(
      {
        '00081195': ['UI', '1.2.3.9'],
        '00081199': ['SQ', [{ '00081150': ['UI', DX_IMAGE_FOR_PRESENTATION], '00081155': ['UI', '1.2.3.4'] }]],
      },
      true,
    ),
  );

const CONVERSATIONS: readonly (readonly [abstractSyntax: string, part: Part])[][] = [
  [[VERIFICATION, echo]],
  [[DX_IMAGE_FOR_PRESENTATION, store]],
  [[STORAGE_COMMITMENT, commit]],
  [
    [VERIFICATION, echo],
    [DX_IMAGE_FOR_PRESENTATION, store],
    [STORAGE_COMMITMENT, commit],
  ],
];

/**
 * Holds each conversation with a door and returns what was sent in it.
 *
 * @param port - of the door
 * @param received - bytes that the door received since the last call
 */
export async function recordConversations(port: number, received: () => Uint8Array): Promise<Uint8Array[]> {
  const recorded: Uint8Array[] = [];
  for (const parts of CONVERSATIONS) {
    const association = await requestAssociation({
      host: '127.0.0.1',
      port,
      callingAeTitle: 'FUZZ',
      calledAeTitle: AE_TITLE,
      contexts: parts.map(([abstractSyntax]) => ({ abstractSyntax, transferSyntaxes: PLAIN_TRANSFER_SYNTAXES })),
      limits: PATIENT_LIMITS,
    });
    for (const [index, [, part]] of parts.entries()) {
      await part(association, 2 * index + 1);
      await association.receive();
    }
    await association.release();
    recorded.push(received());
  }
  return recorded;
}

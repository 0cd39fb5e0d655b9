/** Transfers as clients of the API ask for them and follow them. */
import { graphql } from './client.ts';

/** A transfer with the fields of {@link TRANSFER}. */
export interface Transfer {
  id: string;
  state: string;
  attempts: number;
  completed: number;
  failed: number;
  error: { code: string; message: string } | null;
  study: { instances: { sopInstanceUid: string }[] } | null;
}

export const TRANSFER =
  'id state attempts completed failed error { code message } study { instances { sopInstanceUid } }';

/** The transfer once `until` holds; it has no events, so it is asked for again. */
export async function followed(
  url: string,
  id: string,
  until: (transfer: Transfer) => boolean = hasEnded,
): Promise<Transfer> {
  for (;;) {
    const { dicomTransfer } = await graphql<{ dicomTransfer: Transfer }>(
      url,
      `query($id: ID!) { dicomTransfer(id: $id) { ${TRANSFER} } }`,
      { id },
    );
    if (until(dicomTransfer)) return dicomTransfer;
  }
}

const hasEnded = ({ state }: Transfer) => state === 'DONE' || state === 'FAILED';

/** Sends a stored study to a node; the transfer once it has ended. */
export async function sent(url: string, node: string, studyInstanceUid: string): Promise<Transfer> {
  const { study } = await graphql<{ study: { id: string } }>(
    url,
    'query($uid: DicomUID!) { study(studyInstanceUid: $uid) { id } }',
    { uid: studyInstanceUid },
  );
  const { sendStudy } = await graphql<{ sendStudy: { transfer: Transfer } }>(
    url,
    `mutation($node: String!, $study: ID!) {
      sendStudy(input: { node: $node, studyId: $study }) { transfer { ${TRANSFER} } } }`,
    { node, study: study.id },
  );
  return followed(url, sendStudy.transfer.id);
}

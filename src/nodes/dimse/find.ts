/** Study Root Query as SCU (PS3.4 annex C): C-FIND at the STUDY and SERIES levels, of which a peer can make no more than is asked for. */
import type { Association } from '../../dicom/network/association.ts';
import { COMMAND } from '../../dicom/network/command-set.ts';
import {
  collectIdentifier,
  decodeIdentifier,
  encodeIdentifier,
  type Identifier,
} from '../../dicom/network/query/identifier.ts';
import {
  type RemoteSeries,
  type RemoteStudy,
  type StudyQuery,
  seriesLevelKeys,
  studyLevelKeys,
  toRemoteSeries,
  toRemoteStudy,
} from '../../dicom/network/query/study-query.ts';
import type { Elements } from '../../dicom/part10-writer.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN, PLAIN_TRANSFER_SYNTAXES } from '../../dicom/transfer-syntaxes.ts';
import { GatewayError } from '../../errors.ts';
import { type FoundStudies, MAXIMUM_SERIES } from '../node-client.ts';
import { contextOf, nextMessage, requireAnswer } from './node-association.ts';
import { CANCELLED, isPending, SUCCESS, statusError } from './status.ts';

const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';

/** What is proposed for {@link findStudies}. */
export const FIND_CONTEXTS = [{ abstractSyntax: STUDY_ROOT_FIND, transferSyntaxes: PLAIN_TRANSFER_SYNTAXES }];

/** Answers that are looked at, wanted or not; a node that ignores the keys would send its whole catalogue. */
const MAXIMUM_ANSWERS = 2000;

/** Answers that may still come after C-CANCEL, since the node had sent them before it read it. */
const MAXIMUM_LATE_ANSWERS = 2000;

/**
 * Finds studies; cancels as soon as there are more than wanted.
 *
 * @throws GatewayError BAD_REQUEST, DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function findStudies(association: Association, query: StudyQuery, limit: number): Promise<FoundStudies> {
  const found = new Map<string, RemoteStudy>();
  const isComplete = await find(association, studyLevelKeys(query), (answer) => {
    const study = toRemoteStudy(answer, query);
    if (study !== undefined) found.set(study.studyInstanceUid, study);
    return found.size <= limit;
  });
  return { studies: [...found.values()].slice(0, limit), more: !isComplete };
}

/**
 * The series of a study, {@link MAXIMUM_SERIES} at most.
 *
 * @throws GatewayError DICOM_NODE_FAILED, DICOM_NODE_REFUSED
 */
export async function findSeries(association: Association, studyInstanceUid: string): Promise<readonly RemoteSeries[]> {
  const series: RemoteSeries[] = [];
  await find(association, seriesLevelKeys(studyInstanceUid), (answer) => {
    series.push(toRemoteSeries(answer));
    return series.length < MAXIMUM_SERIES;
  });
  return series;
}

/**
 * @param take - given each answer; false: no more are wanted
 * @returns whether the node has given all that it has
 */
async function find(association: Association, keys: Elements, take: (answer: Identifier) => boolean): Promise<boolean> {
  const { id, transferSyntax } = contextOf(association, STUDY_ROOT_FIND, 'queries (C-FIND, Study Root)');
  const explicit = transferSyntax === EXPLICIT_VR_LITTLE_ENDIAN;
  const messageId = 1;
  await association.send(
    id,
    { commandField: COMMAND.C_FIND_RQ, affectedSopClassUid: STUDY_ROOT_FIND, messageId, priority: 0 },
    encodeIdentifier(keys, explicit),
  );
  for (let answers = 1; ; answers += 1) {
    const { command, dataSet } = await nextMessage(association);
    const status = requireAnswer(command, COMMAND.C_FIND_RSP, messageId);
    if (status === SUCCESS) return true;
    if (!isPending(status)) throw statusError('C-FIND', status);
    const wantsMore = dataSet === null || take(decodeIdentifier(await collectIdentifier(dataSet), explicit));
    if (wantsMore && answers < MAXIMUM_ANSWERS) continue;
    await cancel(association, id, messageId);
    return false;
  }
}

/** C-CANCEL (PS3.7 section 9.3.2.3), then whatever was on its way. */
async function cancel(association: Association, contextId: number, messageId: number): Promise<void> {
  await association.send(contextId, { commandField: COMMAND.C_CANCEL_RQ, messageIdBeingRespondedTo: messageId });
  for (let late = 0; late < MAXIMUM_LATE_ANSWERS; late += 1) {
    const { command } = await nextMessage(association);
    const status = requireAnswer(command, COMMAND.C_FIND_RSP, messageId);
    if (status === CANCELLED || !isPending(status)) return;
  }
  throw new GatewayError('DICOM_NODE_FAILED', 'The node goes on answering after C-CANCEL.');
}

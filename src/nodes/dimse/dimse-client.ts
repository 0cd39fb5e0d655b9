/** A node by DIMSE: each operation on an association of its own. */
import type { Association, ProposedContext } from '../../dicom/network/association.ts';
import { matchingKeys } from '../../dicom/network/query/study-query.ts';
import { GatewayError } from '../../errors.ts';
import type { FilmListener, NodeClient, OutgoingFilm } from '../node-client.ts';
import { ECHO_CONTEXTS, echo } from './echo.ts';
import { FIND_CONTEXTS, findSeries, findStudies } from './find.ts';
import { GET_CONTEXTS, getStudy } from './get.ts';
import { MOVE_CONTEXTS, moveStudy } from './move.ts';
import { associate, type CallableAddress, type DimseIdentity, withAssociation } from './node-association.ts';
import { storeBatches, storeFilms } from './store.ts';

/**
 * @param address - where the node is
 * @param identity - who calls
 */
export function createDimseClient(address: CallableAddress, identity: DimseIdentity): NodeClient {
  const open = (contexts: readonly ProposedContext[], signal?: AbortSignal) =>
    associate(address, identity, contexts, signal);
  const patiently = { ...identity, limits: { ...identity.limits, idleTimeoutMs: identity.limits.messageTimeoutMs } };
  // A node may fetch a study from slow storage, or send it elsewhere, before it says a word.
  const openForRetrieval: typeof open = (contexts, signal) => associate(address, patiently, contexts, signal);
  return {
    protocol: 'DIMSE',
    echo: (signal) => withAssociation(open(ECHO_CONTEXTS, signal), echo),
    findStudies: async (query, limit, signal) => {
      matchingKeys(query); // what cannot be looked for needs no association
      return withAssociation(open(FIND_CONTEXTS, signal), (association) => findStudies(association, query, limit));
    },
    findSeries: (uid, signal) =>
      withAssociation(open(FIND_CONTEXTS, signal), (association) => findSeries(association, uid)),
    fetchStudy: (uid, receive, settled, signal) =>
      withAssociation(openForRetrieval(GET_CONTEXTS, signal), (association) =>
        getStudy(association, uid, receive, settled),
      ),
    moveStudy:
      address.retrieve === 'move'
        ? (uid, moved, signal) =>
            withAssociation(openForRetrieval(MOVE_CONTEXTS, signal), (association) =>
              moveStudy(association, uid, identity.callingAeTitle, moved),
            )
        : undefined,
    sendFilms: async (films, settled, signal) => {
      for (const { contexts, films: batch } of storeBatches(films)) {
        await sendBatch(() => open(contexts, signal), batch, settled);
      }
    },
  };
}

/**
 * Sends films on one association after another: a film at which the node breaks off has failed, and those behind it go on
 * the next. A node that breaks off at two films in a row is at fault itself.
 *
 * @throws GatewayError what opening an association throws, and DICOM_NODE_FAILED
 */
async function sendBatch(
  open: () => Promise<Association>,
  films: readonly OutgoingFilm[],
  settled: FilmListener,
): Promise<void> {
  let sent = 0;
  let brokenAt = Number.NaN;
  while (sent < films.length) {
    const association = await open();
    try {
      await withAssociation(association, () =>
        storeFilms(association, films.slice(sent), (uid, error) => {
          sent += 1;
          settled(uid, error);
        }),
      );
    } catch (error) {
      if (!isBroken(error) || brokenAt === sent - 1) throw error;
      settled(films[sent]?.sopInstanceUid, error);
      brokenAt = sent;
      sent += 1;
    }
  }
}

function isBroken(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === 'DICOM_NODE_FAILED';
}

/** A node by DICOMweb: each operation a request or a few. */
import type { DicomWebAddress } from '../../dicom/network/node.ts';
import type { NodeClient } from '../node-client.ts';
import { type DicomWebLimits, httpError, requestDicomWeb } from './request.ts';
import { retrieveStudy } from './retrieve.ts';
import { searchSeries, searchStudies } from './search.ts';
import { storeFilms } from './store.ts';

/**
 * @param address - where the node is
 * @param limits - of each request
 */
export function createDicomWebClient(address: DicomWebAddress, limits: DicomWebLimits): NodeClient {
  return {
    protocol: 'DICOMWEB',
    echo: async (signal) => {
      const path = '/studies?limit=1';
      const answer = await requestDicomWeb(
        address,
        { method: 'GET', path, accept: 'application/dicom+json', signal },
        limits,
      );
      answer.discard();
      if (answer.status !== 200 && answer.status !== 204) throw httpError('the smallest search', answer.status);
    },
    findStudies: (query, limit, signal) => searchStudies(address, query, limit, limits, signal),
    findSeries: (uid, signal) => searchSeries(address, uid, limits, signal),
    fetchStudy: (uid, receive, settled, signal) => retrieveStudy(address, uid, receive, settled, limits, signal),
    moveStudy: undefined,
    sendFilms: (films, settled, signal) => storeFilms(address, films, settled, limits, signal),
  };
}

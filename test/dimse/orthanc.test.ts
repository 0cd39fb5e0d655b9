/** Orthanc as a sender that wants its films committed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { nodesFile } from '../support/nodes.ts';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/peers/orthanc.ts';
import { freePort } from '../support/peers/programs.ts';

const SEED = 71_000;

describe.skipIf(!hasOrthanc)('Orthanc (needs it and its DICOMweb plugin)', () => {
  let orthanc: Orthanc;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    orthanc = await startOrthanc({ port });
  });
  afterAll(() => orthanc?.[Symbol.asyncDispose]());

  async function rest<T>(path: string, body?: Uint8Array<ArrayBuffer> | object): Promise<T> {
    const payload = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body);
    const response = await fetch(`${orthanc.url}${path}`, {
      method: payload === undefined ? 'GET' : 'POST',
      headers: { authorization: orthanc.authorization },
      ...(payload === undefined ? {} : { body: payload }),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  }

  it('sends a film, asks for its commitment, and is told on an association of its own', async () => {
    const nodes = await nodesFile([
      { name: 'orthanc', dimse: { aeTitle: 'ORTHANC', host: '127.0.0.1', port: orthanc.dimse.dimse?.port } },
    ]);
    await using gateway: TestApp = await startTestApp({
      DIMSE_PORT: String(port),
      DICOM_NODES_FILE: nodes,
      ROLE: 'api',
    });
    const { ID } = await rest<{ ID: string }>('/instances', makePhantom({ seed: SEED, rows: 256, columns: 256 }));
    await rest('/modalities/gateway/echo', {});
    const sent = await rest<{ StorageCommitmentTransactionUID: string }>('/modalities/gateway/store', {
      Resources: [ID],
      StorageCommitment: true,
    });
    const sopInstanceUid = phantomUid(`instance ${SEED}`);
    const { prisma } = gateway.app.store;
    expect(await prisma.instance.findUnique({ where: { sopInstanceUid } })).toMatchObject({
      callingAeTitle: 'ORTHANC',
    });
    for (;;) {
      const row = await prisma.storageCommitment.findFirstOrThrow();
      expect(row).toMatchObject({ callingAeTitle: 'ORTHANC', transactionUid: sent.StorageCommitmentTransactionUID });
      expect(row.lastError).toBeNull();
      if (row.deliveredAt !== null) break;
    }
    const report = await rest<{ Status: string; Success: { SOPInstanceUID: string }[] }>(
      `/storage-commitment/${sent.StorageCommitmentTransactionUID}`,
    );
    expect(report).toMatchObject({ Status: 'Success', Success: [{ SOPInstanceUID: sopInstanceUid }] });
  });
});

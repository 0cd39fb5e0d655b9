/** A gateway process that dies in the middle of a transfer; another one takes it over. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, it, onTestFinished } from 'vitest';
import { graphql } from '../support/client.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { createDatabase } from '../support/postgres.ts';
import { freshStudy, phantomOf } from './films.ts';

it('a transfer whose process was killed is taken over, and ends with all its films once', {
  timeout: 90_000,
}, async () => {
  const study = freshStudy();
  const films = [phantomOf(study), phantomOf(study)];
  const half = Promise.withResolvers<void>();
  let requests = 0;
  // The first answer stops after the first film; the next ones are whole.
  const node = createServer((_, response) => {
    requests += 1;
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge' });
    const parts = films.map((film) => Buffer.concat([Buffer.from('--edge\r\n\r\n'), film, Buffer.from('\r\n')]));
    if (requests > 1) response.end(Buffer.concat([...parts, Buffer.from('--edge--')]));
    else response.write(Buffer.concat([...parts.slice(0, 1), Buffer.from('--edge\r\n\r\n')]), () => half.resolve());
  });
  await new Promise<void>((listening) => node.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    node.closeAllConnections();
    node.close();
  });
  const folder = await mkdtemp(join(tmpdir(), 'cxr-take-over-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  await writeFile(join(folder, 'nodes.json'), JSON.stringify([{ name: 'archive', dicomWeb: { url } }]));
  await using database = await createDatabase(inject('databaseUrl'));
  const settings = {
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    DICOM_NODES_FILE: join(folder, 'nodes.json'),
    INFERENCE_THREADS: '1',
  };

  await using first = await startGatewayProcess(settings);
  const { retrieveStudy } = await graphql<{ retrieveStudy: { transfer: { id: string } } }>(
    first.url,
    'mutation($study: DicomUID!) { retrieveStudy(input: { node: "archive", studyInstanceUid: $study }) { transfer { id } } }',
    { study: study.studyInstanceUid },
  );
  await half.promise;
  await using second = await startGatewayProcess(settings);
  await first.end('SIGKILL');
  const ended = async () => {
    const { dicomTransfer } = await graphql<{
      dicomTransfer: { state: string; attempts: number; completed: number; study: { instances: object[] } | null };
    }>(
      second.url,
      'query($id: ID!) { dicomTransfer(id: $id) { state attempts completed study { instances { sopInstanceUid } } } }',
      { id: retrieveStudy.transfer.id },
    );
    return dicomTransfer;
  };
  let transfer = await ended();
  for (; transfer.state === 'RUNNING'; transfer = await ended()) await delay(100);
  expect(transfer).toMatchObject({ state: 'DONE', attempts: 2, completed: 2 });
  expect(transfer.study?.instances).toHaveLength(2);
  expect(requests).toBe(2);
});

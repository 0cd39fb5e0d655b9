/** Asks a running gateway to fetch a study, and follows it. */
import { setTimeout as delay } from 'node:timers/promises';
import { deserializeError, ERROR_DEFINITIONS, type ErrorCode, GatewayError } from '../errors.ts';
import { note, print } from './output.ts';
import { Progress } from './progress.ts';

interface Transfer {
  readonly id: string;
  readonly state: 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED';
  readonly completed: number;
  readonly failed: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

const FIELDS = 'id state completed failed error { code message }';

const RETRIEVE = `mutation($node: String!, $study: DicomUID!) {
  retrieveStudy(input: { node: $node, studyInstanceUid: $study }) { transfer { ${FIELDS} } }
}`;

const FOLLOW = `query($id: ID!) { dicomTransfer(id: $id) { ${FIELDS} } }`;

const POLL_MS = 500;

/** A running gateway. */
export interface RunningGateway {
  readonly url: string;
  /** Access token or API key; undefined for one that wants none. */
  readonly credential: string | undefined;
}

/** @throws GatewayError what the gateway answers; INTERNAL when it does not answer */
export async function retrieveByGateway(gateway: RunningGateway, node: string, study: string): Promise<void> {
  const { retrieveStudy } = await ask<{ retrieveStudy: { transfer: Transfer } }>(gateway, RETRIEVE, { node, study });
  const progress = new Progress('fetching', 'films');
  let { transfer } = retrieveStudy;
  let waitingBecause = '';
  try {
    while (transfer.state === 'QUEUED' || transfer.state === 'RUNNING') {
      const reason = transfer.state === 'QUEUED' ? (transfer.error?.code ?? '') : '';
      if (reason !== '' && reason !== waitingBecause) progress.line(`waits for another attempt: ${reason}`);
      waitingBecause = reason;
      await delay(POLL_MS);
      const answer = await ask<{ dicomTransfer: Transfer | null }>(gateway, FOLLOW, { id: transfer.id });
      if (answer.dicomTransfer === null) throw new GatewayError('NOT_FOUND', 'The transfer is gone.');
      transfer = answer.dicomTransfer;
      progress.update(transfer.completed + transfer.failed, null);
    }
  } finally {
    progress.end();
  }
  print(`${transfer.state}: ${transfer.completed} films fetched, ${transfer.failed} objects not`);
  if (transfer.error === null) return;
  if (transfer.state === 'FAILED') throw restored(transfer.error);
  note(`${transfer.error.code}: ${transfer.error.message}`);
}

async function ask<T>(
  { url, credential }: RunningGateway,
  query: string,
  variables: Record<string, unknown>,
): Promise<T> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    },
    body: JSON.stringify({ query, variables }),
  }).catch((cause: unknown) => {
    throw new GatewayError(
      'NOT_FOUND',
      `No gateway answers at ${url}; start it, or name it by --gateway.`,
      {},
      { cause },
    );
  });
  const { data, errors } = (await response.json()) as {
    readonly data?: T | null;
    readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
  };
  const [error] = errors ?? [];
  if (error !== undefined) throw restored({ code: error.extensions?.code ?? '', message: error.message });
  if (data === undefined || data === null) throw new GatewayError('INTERNAL', 'The gateway answers without data.');
  return data;
}

/** The gateway's error as it was; its message holds the remedy already. */
function restored({ code, message }: { readonly code: string; readonly message: string }): GatewayError {
  const known: ErrorCode = Object.hasOwn(ERROR_DEFINITIONS, code) ? (code as ErrorCode) : 'BAD_REQUEST';
  return deserializeError({ code: known, message, details: {} });
}

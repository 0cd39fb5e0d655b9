/** A client of the gateway: STOW-RS by HTTP, GraphQL by HTTP, subscriptions by WebSocket. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

/** The answer of a STOW-RS request in DICOM JSON. */
export interface StowAnswer {
  readonly status: number;
  readonly body: Record<
    string,
    { readonly vr: string; readonly Value?: readonly Record<string, { readonly Value?: readonly unknown[] }>[] }
  >;
  /** SOP Instance UIDs of the Referenced SOP Sequence. */
  readonly stored: readonly string[];
  /** Failure reasons of the Failed SOP Sequence and Other Failures Sequence. */
  readonly failures: readonly number[];
}

/** Sends films in one STOW-RS request (PS3.18 section 10.5). */
export async function stow(url: string, films: readonly Uint8Array[], path = '/dicomweb/studies'): Promise<StowAnswer> {
  const boundary = 'a-boundary';
  const parts = films.flatMap((film) => [
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    film,
    Buffer.from('\r\n'),
  ]);
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}` },
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  });
  const body = (await response.json()) as StowAnswer['body'];
  const values = (sequence: string, tag: string) =>
    (body[sequence]?.Value ?? []).flatMap((item) => item[tag]?.Value ?? []);
  return {
    status: response.status,
    body,
    stored: values('00081199', '00081155') as string[],
    failures: [...values('00081198', '00081197'), ...values('0008119A', '00081197')] as number[],
  };
}

/** Runs a GraphQL operation; throws when it has errors. */
export async function graphql<T>(url: string, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: T; errors?: unknown };
  if (data === undefined || data === null || errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** A live subscription. */
export interface Subscription<T> extends AsyncDisposable {
  /** Resolves with the next event. */
  next(): Promise<T>;
}

/**
 * Subscribes after `variables.after`, or after everything that has been committed by now. The protocol does not acknowledge
 * a subscription, so only a cursor makes sure that nothing falls between it and what the test does next.
 *
 * @param query - a subscription with the variable $after
 */
export async function subscribe<T>(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<Subscription<T>> {
  const { currentCursor } = await graphql<{ currentCursor: string }>(url, '{ currentCursor }');
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
  });
  const events = client.iterate<T>({ query, variables: { after: currentCursor, ...variables } });
  return {
    next: async () => {
      const { value, done } = await events.next();
      if (done === true) throw new Error('the subscription ended');
      if (value.errors !== undefined) throw value.errors[0];
      return value.data as T;
    },
    [Symbol.asyncDispose]: async () => {
      await client.dispose();
    },
  };
}

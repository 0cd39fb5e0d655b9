/** The demo as a client of the gateway: everything goes through the doors that any client has. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { GatewayError } from '../errors.ts';
import type { DemoFilm } from './films.ts';
import type { ShownReading } from './terminal.ts';

/** A reading as the queries below ask for it. */
export interface DemoInference {
  readonly state: string;
  readonly warnings: readonly string[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly timings: {
    readonly decodeMs: number | null;
    readonly preprocessMs: number | null;
    readonly inferenceMs: number | null;
  };
  readonly instance: {
    readonly sopInstanceUid: string;
    readonly photometricInterpretation: string;
    readonly rows: number;
    readonly columns: number;
  };
  readonly modelVersion: { readonly name: string; readonly version: string; readonly precision: string };
  readonly study: {
    readonly accessionNumber: string | null;
    readonly description: string | null;
    readonly patient: { readonly name: string | null; readonly mrn: string };
  };
  readonly findings: ShownReading['findings'];
}

/** What the STOW-RS door answered for one film. */
export interface Sent {
  /** Undefined when the film was refused before its UID could be read. */
  readonly sopInstanceUid: string | undefined;
  readonly accepted: boolean;
  /** What was wrong. */
  readonly problem: string;
}

const READING = `
  state warnings
  error { code message }
  timings { decodeMs preprocessMs inferenceMs }
  instance { sopInstanceUid photometricInterpretation rows columns }
  modelVersion { name version precision }
  study { accessionNumber description patient { name mrn } }
  findings { label probability threshold positive }`;

/** What the demo listens to; the table of costs in docs/api.md has it. */
export const SUBSCRIPTION = `subscription Live($after: String) { findingsCompleted(after: $after) { inference { ${READING} } } }`;

const CURSOR = '{ currentCursor }';

/** What the demo asks; the table of costs in docs/api.md has it. */
export const STATE = `query State($uid: DicomUID!) { instance(sopInstanceUid: $uid) { inferences { ${READING} } } }`;

/** Speaks to a gateway at a base URL. */
export class DemoClient {
  readonly #url: string;
  readonly #authorization: string;

  /** @param token - access token */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#authorization = `Bearer ${token}`;
  }

  /**
   * Subscribes and calls `push` with each reading that is completed from now on.
   *
   * @returns how to end the subscription
   */
  async subscribe(
    push: (inference: DemoInference) => void,
    failed: (error: unknown) => void,
  ): Promise<() => Promise<void>> {
    // The protocol does not acknowledge a subscription: with a cursor nothing falls between it and the first film.
    const { currentCursor } = await this.#query<{ currentCursor: string }>(CURSOR, {});
    const client = createClient({
      url: `${this.#url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: this.#authorization },
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: failed,
    });
    client.subscribe<{ findingsCompleted: { inference: DemoInference } }>(
      { query: SUBSCRIPTION, variables: { after: currentCursor } },
      {
        next: ({ data, errors }) => {
          if (data) push(data.findingsCompleted.inference);
          else failed(errors);
        },
        error: failed,
        complete: () => {},
      },
    );
    return async () => client.dispose();
  }

  /** Sends one film to the STOW-RS door (PS3.18 section 10.5). */
  async send(film: DemoFilm): Promise<Sent> {
    const boundary = 'film';
    const type = `multipart/related; type="application/dicom"; boundary=${boundary}`;
    async function* body() {
      yield Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
      yield* film.bytes();
      yield Buffer.from(`\r\n--${boundary}--\r\n`);
    }
    const response = await fetch(`${this.#url}/dicomweb/studies`, {
      method: 'POST',
      headers: { 'content-type': type, accept: 'application/dicom+json', authorization: this.#authorization },
      body: ReadableStream.from(body()),
      duplex: 'half',
    });
    const answer = (await response.json()) as Record<string, { Value?: Record<string, { Value?: unknown[] }>[] }>;
    const item = (answer[REFERENCED_SOP_SEQUENCE] ?? answer[FAILED_SOP_SEQUENCE])?.Value?.[0];
    const uid = item?.[REFERENCED_SOP_INSTANCE_UID]?.Value?.[0];
    return {
      sopInstanceUid: typeof uid === 'string' ? uid : undefined,
      accepted: answer[REFERENCED_SOP_SEQUENCE] !== undefined,
      problem: textOfWarning(response.headers.get('warning')) ?? `HTTP ${response.status}`,
    };
  }

  /** The newest reading of a film; undefined when there is none. */
  async newestReading(uid: string): Promise<DemoInference | undefined> {
    const { instance } = await this.#query<{ instance: { inferences: DemoInference[] } | null }>(STATE, { uid });
    return instance?.inferences.at(-1);
  }

  async #query<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: this.#authorization },
      body: JSON.stringify({ query, variables }),
    });
    const { data } = (await response.json()) as { data?: T };
    if (data === undefined) throw new GatewayError('INTERNAL', `GraphQL answered ${response.status}.`);
    return data;
  }
}

/** The text of the first `299 agent "text"` (PS3.18 section 10.5.3.1). */
function textOfWarning(warning: string | null): string | undefined {
  return /^299 \S+ "((?:[^"\\]|\\.)*)"/.exec(warning ?? '')?.[1];
}

const REFERENCED_SOP_SEQUENCE = '00081199';
const FAILED_SOP_SEQUENCE = '00081198';
const REFERENCED_SOP_INSTANCE_UID = '00081155';

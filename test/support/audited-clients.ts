/** Clients that do not give up while gateways are killed under them, and keep what they were told: all of it must be in the audit. */
import { setTimeout as delay } from 'node:timers/promises';
import type { GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { SeededRandom } from '../../src/inference/evaluate/random.ts';
import { fromGlobalId } from '../../src/schema/global-id.ts';
import { stow } from './client.ts';
import { type DurableFilm, freshFilm } from './durability.ts';

/** An answer that was received whole: what its request showed, UUIDs. */
export interface Received {
  readonly requestId: string;
  readonly patientIds: readonly string[];
  readonly findingIds: readonly string[];
  readonly instanceUid?: string;
}

/** All that clients were told. */
export class Told {
  readonly answers: Received[] = [];
  /** Inferences of events, once for each time they were received. */
  readonly events: string[] = [];
  readonly films: DurableFilm[] = [];
  readonly apiKeys: string[] = [];
  readonly openings: string[] = [];
  readonly ended: string[] = [];
  activations = 0;
  /** Codes of errors, and how often. */
  readonly errors = new Map<string, number>();
}

interface Answer<T> {
  readonly requestId: string;
  readonly data: T;
}

class Refused extends Error {}

/** The error's code, or how the connection ended. */
function kindOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  // graphql-ws throws the errors of an operation that ends, and the event of a connection that does.
  if (Array.isArray(error)) return String((error as readonly Partial<GraphQLError>[])[0]?.extensions?.code);
  const { code, message } = error as { readonly code?: unknown; readonly message?: string };
  return `no answer: ${code ?? message}`;
}

function refused(code: unknown): Refused {
  return new Refused(String(code));
}

/** Of the body of an answer that is no GraphQL. */
function codeOf(body: string): unknown {
  return (JSON.parse(body) as { readonly code?: string }).code;
}

/** Several clients of each kind, each at whichever gateway it is at the moment. */
export class AuditedClients {
  readonly told = new Told();
  readonly #urls: readonly string[];
  readonly #random: SeededRandom;
  readonly #running: Promise<void>[];
  readonly #over = new AbortController();

  constructor(urls: readonly string[], random: SeededRandom, modelVersionIds: readonly string[]) {
    this.#urls = urls;
    this.#random = random;
    const works = [
      ...Array.from({ length: 3 }, () => () => this.#query()),
      ...Array.from({ length: 2 }, () => () => this.#sendFilm()),
      ...Array.from({ length: 2 }, () => () => this.#lookAtFilm()),
      async () => void (await this.#makeApiKey()),
      this.#breakGlass(),
      () => this.#activate(modelVersionIds),
    ];
    this.#running = [...works.map((work) => this.#again(work)), this.#subscribe()];
  }

  /** Resolves when every kind of answer has been received so often since now. */
  async progressed(count: number): Promise<void> {
    const { answers, events, films, apiKeys, ended } = this.told;
    const lists = [answers, events, films, apiKeys, ended].map((list) => ({ list, wanted: list.length + count }));
    while (lists.some(({ list, wanted }) => list.length < wanted)) await delay(10);
  }

  /** Resolves once everything that was begun has ended; films go on until they are acknowledged. */
  async finish(inferences: () => Promise<readonly string[]>): Promise<Told> {
    const wanted = async () => {
      const received = new Set(this.told.events);
      return (await inferences()).every((id) => received.has(id));
    };
    while (!(await wanted())) await delay(50);
    this.#over.abort();
    await Promise.all(this.#running);
    return this.told;
  }

  get #url(): string {
    return this.#urls[this.#random.below(this.#urls.length)] ?? '';
  }

  async #again(work: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      try {
        await work();
      } catch (error) {
        this.#failed(error);
        await delay(20);
      }
    }
  }

  #failed(error: unknown): void {
    const kind = kindOf(error);
    this.told.errors.set(kind, (this.told.errors.get(kind) ?? 0) + 1);
  }

  async #ask<T>(query: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: { extensions: { code: string } }[] };
    if (errors !== undefined || data === undefined) {
      throw refused(errors?.[0]?.extensions.code);
    }
    return { requestId: response.headers.get('x-request-id') ?? '', data };
  }

  async #query(): Promise<void> {
    const { requestId, data } = await this.#ask<{
      studies: { edges: { node: { patient: { id: string }; findings: { id: string }[] } }[] };
    }>('{ studies(first: 3) { edges { node { patient { id } findings { id } } } } }');
    const nodes = data.studies.edges.map(({ node }) => node);
    this.told.answers.push({
      requestId,
      patientIds: nodes.map(({ patient }) => fromGlobalId('Patient', patient.id)),
      findingIds: nodes.flatMap(({ findings }) => findings.map(({ id }) => fromGlobalId('Finding', id))),
    });
  }

  async #sendFilm(): Promise<void> {
    const film = freshFilm();
    for (;;) {
      const answer = await stow(this.#url, [film.file]).catch(() => undefined);
      if (answer?.status === 200 && answer.stored.includes(film.sopInstanceUid)) break;
      await delay(20);
    }
    this.told.films.push(film);
    await delay(200); // as many as are read meanwhile
  }

  async #lookAtFilm(): Promise<void> {
    const film = this.told.films[this.#random.below(this.told.films.length)];
    if (film === undefined) return void (await delay(20));
    const { sopInstanceUid: instanceUid } = film;
    const picture = this.#random.below(2) === 0 ? 'preview' : 'heatmaps/Mass';
    const response = await fetch(`${this.#url}/instances/${instanceUid}/${picture}.png`);
    const bytes = await response.arrayBuffer();
    if (response.status !== 200) throw refused(codeOf(Buffer.from(bytes).toString()));
    const requestId = response.headers.get('x-request-id') ?? '';
    this.told.answers.push({ requestId, patientIds: [], findingIds: [], instanceUid });
  }

  async #makeApiKey(issuers: readonly string[] = []): Promise<string> {
    const { data } = await this.#ask<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
      `mutation { createApiKey(input: { name: "durable", roles: [CLINICIAN], issuers: ${JSON.stringify(issuers)} }) { apiKey { id } secret } }`,
    );
    this.told.apiKeys.push(data.createApiKey.apiKey.id);
    return data.createApiKey.secret;
  }

  /** Opens a record, looks at it and ends the opening, again and again; with another key after a failure, since few may be open. */
  #breakGlass(): () => Promise<void> {
    let key: string | undefined;
    return async () => {
      const patientId = this.told.answers.find(({ patientIds }) => patientIds.length > 0)?.patientIds[0];
      if (patientId === undefined) return void (await delay(20));
      const headers = { 'x-api-key': key ?? (await this.#makeApiKey(['NOBODY'])) };
      key = undefined;
      const id = Buffer.from(`Patient:${patientId}`).toString('base64url');
      const { data } = await this.#ask<{ openBreakGlass: { opening: { id: string } } }>(
        `mutation { openBreakGlass(input: { patientId: "${id}", reason: "a process may be killed" }) { opening { id } } }`,
        headers,
      );
      const opening = data.openBreakGlass.opening.id;
      this.told.openings.push(fromGlobalId('BreakGlassOpening', opening));
      const seen = await this.#ask<{ node: object | null }>(`{ node(id: "${id}") { id } }`, headers);
      if (seen.data.node !== null) {
        this.told.answers.push({ requestId: seen.requestId, patientIds: [patientId], findingIds: [] });
      }
      await this.#ask(`mutation { endBreakGlass(openingId: "${opening}") { opening { id } } }`, headers);
      this.told.ended.push(fromGlobalId('BreakGlassOpening', opening));
      key = headers['x-api-key'];
    };
  }

  async #activate(modelVersionIds: readonly string[]): Promise<void> {
    const wanted = modelVersionIds[this.#random.below(modelVersionIds.length)] ?? '';
    const id = Buffer.from(`ModelVersion:${wanted}`).toString('base64url');
    await this.#ask(
      `mutation { activateModelVersion(modelVersionId: "${id}", reason: "turn and turn about") { modelVersion { id } } }`,
    );
    this.told.activations += 1;
    await delay(50);
  }

  /** Resumes at any gateway after the last event that it has. */
  async #subscribe(): Promise<void> {
    const query =
      'subscription($after: String) { findingsCompleted(after: $after) { cursor inference { id } findings { id } } }';
    let after: string | undefined;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        after ??= (await this.#ask<{ currentCursor: string }>('{ currentCursor }')).data.currentCursor;
      } catch (error) {
        this.#failed(error);
        await delay(20);
        continue;
      }
      const url = `${this.#url.replace(/^http/, 'ws')}/graphql`;
      const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
      const stop = () => void client.terminate();
      signal.addEventListener('abort', stop);
      try {
        for await (const { data, errors } of client.iterate<{
          findingsCompleted: { cursor: string; inference: { id: string } };
        }>({ query, variables: { after } })) {
          if (!data) throw refused(errors?.[0]?.extensions?.code);
          this.told.events.push(fromGlobalId('Inference', data.findingsCompleted.inference.id));
          after = data.findingsCompleted.cursor;
        }
      } catch (error) {
        if (!signal.aborted) this.#failed(error);
        await delay(20);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    }
  }
}

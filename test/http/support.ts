/** An HTTP server on a real socket, with an ingest that reads every byte and answers by content. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import GraphQLUpload from 'graphql-upload/GraphQLUpload.mjs';
import { onTestFinished } from 'vitest';
import { ANONYMOUS } from '../../src/access/identity.ts';
import { cancellable } from '../../src/changes.ts';
import { loadConfig } from '../../src/config.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Authentication } from '../../src/http/authentication.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import type { Ingest, IngestedInstance, IngestSource } from '../../src/ingest.ts';
import type { Log, LogFields } from '../../src/log.ts';
import type { GatewayContext } from '../../src/resolvers/context.ts';
import type { FileUpload } from '../../src/resolvers/upload.ts';
import { systemActor } from '../../src/store/audit/audit-entry.ts';
import type { Store } from '../../src/store/store.ts';
import { testPseudonyms } from '../support/pseudonyms.ts';

export const SOP_CLASS = '1.2.840.10008.5.1.4.1.1.1.1';

/** Latches by name, so that a test decides when something goes on. */
export class Gate {
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  #of(name: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(name) ?? Promise.withResolvers<void>();
    this.#gates.set(name, gate);
    return gate;
  }

  /** Resolves once the name has been opened. */
  passed(name: string): Promise<void> {
    return this.#of(name).promise;
  }

  open(name: string): void {
    this.#of(name).resolve();
  }
}

/** Stands for the ingest: `code uid` in the first bytes says how a film ends. */
export class ContentIngest implements Ingest {
  readonly sources: IngestSource[] = [];
  readonly stored: string[] = [];
  readonly refused: { readonly bytes: number; readonly error: unknown }[] = [];
  readonly gate = new Gate();
  concurrent = 0;
  mostConcurrent = 0;

  async accept(bytes: AsyncIterable<Uint8Array>, source: IngestSource): Promise<IngestedInstance> {
    this.sources.push(source);
    this.concurrent += 1;
    this.mostConcurrent = Math.max(this.mostConcurrent, this.concurrent);
    let head = '';
    let received = 0;
    try {
      for await (const chunk of bytes) {
        received += chunk.byteLength;
        if (head.length < 100) head += Buffer.from(chunk).toString('latin1', 0, 100);
        if (head.startsWith('refuse-early')) throw new GatewayError('PAYLOAD_TOO_LARGE', 'Too large.');
        this.gate.open(`receiving ${head.split(' ', 2).join(' ')}`);
      }
      const [how = '', uid = ''] = head.split(' ');
      if (how === 'hold') await this.gate.passed(`release ${uid}`);
      return this.#end(how, uid);
    } catch (error) {
      this.refused.push({ bytes: received, error });
      this.gate.open('refused');
      throw error;
    } finally {
      this.concurrent -= 1;
    }
  }

  #end(how: string, uid: string): IngestedInstance {
    const details = { sopInstanceUid: uid, sopClassUid: SOP_CLASS };
    switch (how) {
      case 'ok':
      case 'hold':
        this.stored.push(uid);
        return {
          ...details,
          instanceId: `instance-${uid}`,
          inferenceId: `inference-${uid}`,
          studyInstanceUid: '1.2',
          seriesInstanceUid: '1.2.3',
          duplicate: false,
          eligibility: 'READ',
          reasons: [],
        };
      case 'conflict':
        throw new GatewayError('INSTANCE_CONFLICT', 'Other bytes are stored.', details);
      case 'busy':
        throw new GatewayError('BUSY', 'Too much at once.', { ...details, retryAfterSeconds: 7 });
      case 'crash':
        throw new TypeError('a secret of the inside');
      default:
        throw new GatewayError('NOT_DICOM', 'No DICOM.');
    }
  }
}

/** Every event that was logged. */
export class RecordingLog implements Log {
  readonly events: { readonly level: string; readonly event: string; readonly fields: LogFields | undefined }[] = [];
  readonly #waiting: (() => void)[] = [];

  readonly #write = (level: string) => (event: string, fields?: LogFields) => {
    this.events.push({ level, event, fields });
    for (const wake of this.#waiting.splice(0)) wake();
  };
  readonly debug = this.#write('debug');
  readonly info = this.#write('info');
  readonly warn = this.#write('warn');
  readonly error = this.#write('error');

  /** Resolves once the condition holds; it is looked at whenever something is logged. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves with the first event of that name. */
  async find(name: string): Promise<LogFields | undefined> {
    for (;;) {
      const found = this.events.find(({ event }) => event === name);
      if (found !== undefined) return found.fields;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

const text = { type: GraphQLString };

/** A schema with one field for each thing that the transport must carry. */
export function testSchema(gate: Gate): GraphQLSchema {
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        hello: { ...text, resolve: () => 'world' },
        requestId: { ...text, resolve: (_root, _args, { requestId }: GatewayContext) => requestId },
        held: {
          ...text,
          resolve: async () => {
            gate.open('query began');
            await gate.passed('release query');
            return 'released';
          },
        },
        crash: {
          ...text,
          resolve: () => {
            throw new TypeError('a secret of the inside');
          },
        },
        coded: {
          ...text,
          resolve: () => {
            throw new GatewayError('NOT_FOUND', 'No such study.');
          },
        },
      },
    }),
    mutation: new GraphQLObjectType({
      name: 'Mutation',
      fields: {
        ingest: {
          type: new GraphQLList(GraphQLString),
          args: { files: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLUpload))) } },
          resolve: (_root, { files }: { files: Promise<FileUpload>[] }, { services }: GatewayContext) =>
            Promise.all(
              files.map(async (file) => {
                try {
                  const stream = (await file).createReadStream();
                  const stored = services.ingest.accept(stream, { door: 'GRAPHQL', by: systemActor('test') });
                  return (await stored.finally(() => stream.destroy())).instanceId;
                } catch (error) {
                  return error instanceof GatewayError ? error.code : 'uncoded';
                }
              }),
            ),
        },
        ignoreFiles: {
          ...text,
          args: { files: { type: new GraphQLList(GraphQLUpload) } },
          resolve: () => 'ignored',
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: {
        count: {
          type: GraphQLInt,
          args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
          subscribe: (_root, { to }: { to: number }) => counting(to),
          resolve: (value: unknown) => value,
        },
        quiet: {
          ...text,
          subscribe: () =>
            cancellable<string>(async function* (signal) {
              gate.open('quiet began');
              try {
                if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
                yield* [];
              } finally {
                gate.open('quiet ended');
              }
            }),
        },
        flood: {
          ...text,
          subscribe: async function* () {
            for (;;) yield 'x'.repeat(1_000_000);
          },
          resolve: (value: unknown) => value,
        },
        failing: {
          ...text,
          subscribe: async function* () {
            yield 'first';
            throw new GatewayError('SUBSCRIBER_TOO_SLOW', 'Too slow.', { lastCursor: 'abc' });
          },
          resolve: (value: unknown) => value,
        },
        crashing: {
          ...text,
          subscribe: async function* () {
            yield 'first';
            throw new TypeError('a secret of the inside');
          },
          resolve: (value: unknown) => {
            throw new GraphQLError(`cannot resolve ${value}`, { originalError: new TypeError('a secret') });
          },
        },
      },
    }),
  });
}

async function* counting(to: number): AsyncGenerator<number> {
  for (let value = 1; value <= to; value += 1) yield value;
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: HttpServer;
  readonly ingest: ContentIngest;
  readonly gate: Gate;
  readonly log: RecordingLog;
}

/** Lets everybody in. */
export const everybody: Authentication = {
  authenticator: { authenticate: async () => ANONYMOUS },
  watch: { state: () => 'VALID', confirm: async () => 'VALID', onEnd: () => () => {} },
};

/** Starts a server that ends with the test. */
export async function startServer(
  settings: Record<string, string> = {},
  overrides: Partial<HttpServerOptions> = {},
): Promise<TestServer> {
  const ingest = new ContentIngest();
  const gate = new Gate();
  const log = new RecordingLog();
  const server = await createHttpServer({
    config: loadConfig({ PORT: '0', SHUTDOWN_TIMEOUT_MS: '5000', ...settings }),
    log,
    schema: testSchema(gate),
    // The transport reads no records.
    services: {
      ingest,
      store: { reads: (scope) => ({ prisma: {}, scope }), audit: { enabled: false } } as Store,
      changes: {} as never,
      nodes: {} as never,
      pseudonyms: testPseudonyms(),
      models: {} as never,
      reports: {} as never,
    },
    authentication: everybody,
    images: {
      preview: async () => Buffer.from('png'),
      heatMap: async (_caller, uid, label, modelVersionId) => Buffer.from([uid, label, modelVersionId].join('|')),
    },
    deidentified: {
      preview: () => Promise.reject(new Error('unused')),
      file: () => Promise.reject(new Error('unused')),
    },
    readiness: async () => [{ name: 'database', ok: true, detail: 'answers' }],
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
    ...overrides,
  });
  const { url } = await server.listen();
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { url, port: Number(new URL(url).port), server, ingest, gate, log };
}

/** A multipart/related body with one part for each text. */
export function multipart(parts: readonly (string | Buffer)[], boundary = 'edge', type = 'application/dicom'): Buffer {
  const chunks = parts.flatMap((part) => [
    Buffer.from(`\r\n--${boundary}\r\nContent-Type: ${type}\r\n\r\n`),
    Buffer.from(part),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

/** Sends a STOW-RS request. */
export function stow(
  url: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
  path = '/dicomweb/studies',
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'multipart/related; type="application/dicom"; boundary=edge', ...headers },
  });
}

/** A connection on which a test writes bytes of its own. */
export class RawConnection {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly closed: Promise<unknown>;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = once(socket, 'close');
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', () => {}); // resets are part of the tests
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const connection = new RawConnection(socket);
    onTestFinished(() => void socket.destroy());
    return connection;
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** Resolves when what was received matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      const closed = await Promise.race([once(this.socket, 'data'), this.closed.then(() => true)]);
      if (closed === true && !pattern.test(this.received)) throw new Error(`closed after: ${this.received}`);
    }
    return this.received;
  }
}

/** Head of a STOW-RS request whose body a test writes by itself. */
export const stowHead = (headers = 'Content-Length: 1000000'): string =>
  `POST /dicomweb/studies HTTP/1.1\r\nHost: gateway\r\nContent-Type: multipart/related; type="application/dicom"; boundary=edge\r\n${headers}\r\n\r\n`;

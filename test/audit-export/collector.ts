/** A syslog collector over TLS that takes octet-counted frames apart (RFC 5425) and can go away. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { XmlDocument } from 'libxml2-wasm';
import type { Certificate } from '../support/certificate.ts';

/** One syslog message. */
export interface ReceivedMessage {
  readonly header: string;
  readonly xml: string;
  /** Of the record that it is about. */
  readonly position: number;
}

export interface CollectorOptions extends TlsOptions {
  /** A port to have again; any when absent. */
  readonly port?: number;
  /** Cuts every connection once it has received so many messages in all. */
  readonly cutAfter?: number;
  /** Never closes its side. */
  readonly neverCloses?: boolean;
}

/** A running collector. */
export interface Collector extends AsyncDisposable {
  readonly port: number;
  readonly messages: readonly ReceivedMessage[];
  /** Connections that completed a TLS handshake. */
  readonly connections: number;
  /** Resolves when what was received fulfils a condition. */
  until(condition: (messages: readonly ReceivedMessage[]) => boolean): Promise<void>;
  /** Names of the clients' certificates. */
  readonly clients: readonly string[];
  /** Stops in good order: takes what is still under way. Disposal cuts, as a crash does. */
  stop(): Promise<void>;
}

export async function startCollector(certificate: Certificate, options: CollectorOptions = {}): Promise<Collector> {
  const { port = 0, cutAfter = Number.POSITIVE_INFINITY, neverCloses = false, ...tls } = options;
  const messages: ReceivedMessage[] = [];
  const clients: string[] = [];
  const sockets = new Set<TLSSocket>();
  const waiting = new Set<() => void>();
  let connections = 0;
  const server = createServer({
    cert: await readFile(certificate.cert),
    key: await readFile(certificate.key),
    allowHalfOpen: neverCloses,
    ...tls,
  });
  server.on('secureConnection', (socket) => {
    connections += 1;
    const { subject } = socket.getPeerCertificate();
    if (subject !== undefined) clients.push(String(subject.CN));
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {}); // senders that go away are part of the tests
    let buffered = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      for (;;) {
        const taken = takeFrame(buffered);
        if (taken === undefined) break;
        messages.push(messageOf(taken.frame));
        buffered = taken.rest;
        if (messages.length >= cutAfter) return void socket.destroy();
      }
      for (const look of waiting) look();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const closed = () => (server.listening ? once(server, 'close') : undefined);
  return {
    stop: async () => {
      const all = closed();
      server.close();
      for (const socket of sockets) socket.end();
      await all;
    },
    port: (server.address() as AddressInfo).port,
    messages,
    clients,
    get connections() {
      return connections;
    },
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(messages)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      const all = closed();
      server.close();
      for (const socket of sockets) socket.destroy();
      await all;
    },
  };
}

function takeFrame(buffered: Buffer): { readonly frame: Buffer; readonly rest: Buffer<ArrayBuffer> } | undefined {
  const space = buffered.indexOf(' ');
  if (space < 0) return undefined;
  const length = buffered.toString('latin1', 0, space);
  if (!/^[1-9]\d*$/.test(length)) throw new Error(`no octet count: ${length}`);
  const end = space + 1 + Number(length);
  if (buffered.length < end) return undefined;
  return { frame: buffered.subarray(space + 1, end), rest: Buffer.from(buffered.subarray(end)) };
}

/** RFC 5424: seven fields of the header, structured data, byte order mark, message. */
function messageOf(frame: Buffer): ReceivedMessage {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(frame);
  const match = /^(<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ -) \ufeff(<AuditMessage.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new Error(`no syslog message: ${text.slice(0, 200)}`);
  using document = XmlDocument.fromString(match[2]);
  const value = document.get('//ParticipantObjectDetail[@type="Position"]/@value')?.content ?? '';
  return { header: match[1], xml: match[2], position: Number(Buffer.from(value, 'base64').toString()) };
}

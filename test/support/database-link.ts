/** A connection to a database that a test can break at a chosen answer. */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What lies between a writer and its database. */
export interface Link {
  readonly url: string;
  /** What becomes of answers, the ends of which are counted from 1; the statements reach the database all the same. */
  onAnswer: (number: number | undefined, pair: { readonly client: Socket; readonly server: Socket }) => 'pass' | 'drop';
  /** Ends all connections. */
  readonly cutAll: () => void;
}

/** ReadyForQuery ends the answer to a statement (PostgreSQL protocol, chapter 54.7). */
const READY = Buffer.from([0x5a, 0, 0, 0, 5]);

/** Passes everything on until it is told otherwise. */
export async function linkTo(url: string): Promise<Link> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let answers = 0;
  const server = createServer((client) => {
    const database = connect(Number(port), hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => database.write(chunk));
    client.on('close', () => database.destroy());
    database.on('close', () => client.destroy());
    database.on('data', (chunk: Buffer) => {
      const whole = chunk.includes(READY);
      if (whole) answers += 1;
      if (link.onAnswer(whole ? answers : undefined, { client, server: database }) === 'pass') client.write(chunk);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cutAll();
    server.close();
  });
  const own = new URL(url);
  const address = server.address();
  own.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  const link: Link = { url: own.href, onAnswer: () => 'pass', cutAll };
  return link;
}

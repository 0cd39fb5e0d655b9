import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isDatabaseOutage } from '../src/database-outage.ts';
import { toGatewayError } from '../src/errors.ts';
import { createClient } from '../src/store/client.ts';

/** ErrorResponse of the PostgreSQL protocol. */
function fatal(sqlState: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0Mas the test wants it\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** A database server that answers every connection as told; its URL. */
async function serverThat(answers: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => answers(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return `postgresql://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}/database`;
}

describe.each([
  ['starts or stops', (socket: Socket) => void socket.end(fatal('57P03'))],
  ['ends sessions', (socket: Socket) => void socket.end(fatal('57P01'))],
  ['crashes', (socket: Socket) => void socket.end(fatal('57P02'))],
  ['has too many connections', (socket: Socket) => void socket.end(fatal('53300'))],
  ['closes without a word', (socket: Socket) => void socket.end()],
  ['resets', (socket: Socket) => void socket.resetAndDestroy()],
])('a database server that %s', (_name, answers) => {
  it.each(['query', 'raw query', 'transaction'] as const)('is DATABASE_UNAVAILABLE to a %s', async (statement) => {
    const prisma = createClient({ url: await serverThat(answers), poolSize: 1 });
    onTestFinished(() => prisma.$disconnect());
    const run = {
      query: () => prisma.instance.count(),
      'raw query': () => prisma.$queryRaw`SELECT 1`,
      transaction: () => prisma.$transaction(async (tx) => tx.instance.count()),
    }[statement];
    const error: unknown = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(toGatewayError(error)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', dicomStatus: 0xa700 });
  });
});

describe('an error', () => {
  it.each([
    ['of the driver adapter alone', { name: 'DriverAdapterError', cause: { originalCode: '57P01' } }],
    ['of a connection that ended', new Error('Connection terminated unexpectedly')],
    ['of a transaction that was too slow', Object.assign(new Error('too slow'), { code: 'P2028' })],
  ])('%s is an outage', (_name, error) => {
    expect(isDatabaseOutage(error)).toBe(true);
  });

  it.each([
    ['of a constraint', Object.assign(new Error('unique'), { code: 'P2002' })],
    ['of another server', new Error('fetch failed', { cause: { code: 'ECONNREFUSED' } })],
    ['that is none', undefined],
  ])('%s is no outage', (_name, error) => {
    expect(isDatabaseOutage(error)).toBe(false);
  });
});

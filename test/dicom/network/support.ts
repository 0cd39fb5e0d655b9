/** The acceptor of the protocol code on a real socket. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type AcceptorPolicy, acceptAssociation } from '../../../src/dicom/network/acceptor.ts';
import type { Association, AssociationLimits } from '../../../src/dicom/network/association.ts';
import { LIMITS } from '../../support/scu.ts';

/** A listening acceptor; everything is closed when the test ends. */
export interface TestAcceptor {
  readonly port: number;
  /** The next association that it accepts. */
  accepted(): Promise<Association>;
}

/** Accepts everything in the first transfer syntax, with the roles that are asked for. */
export const OPEN: AcceptorPolicy = {
  judge: () => undefined,
  judgeContext: ({ transferSyntaxes }, role) => ({
    transferSyntax: transferSyntaxes[0] ?? '',
    ...(role === undefined ? {} : { role }),
  }),
};

export async function listen(
  limits: Partial<AssociationLimits> = {},
  policy: AcceptorPolicy = OPEN,
  port = 0,
): Promise<TestAcceptor> {
  const sockets = new Set<Socket>();
  const associations: Association[] = [];
  let wake = () => {};
  const server = createServer(async (socket) => {
    sockets.add(socket);
    const answer = await acceptAssociation(socket, { ...LIMITS, ...limits }, policy).catch(() => undefined);
    if (answer === undefined || !('association' in answer)) return;
    associations.push(answer.association);
    wake();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    accepted: async () => {
      if (associations.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return associations.shift() as Association;
    },
  };
}

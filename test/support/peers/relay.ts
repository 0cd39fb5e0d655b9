/** Passes TCP connections on through Unix sockets, which reach across network namespaces. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A port of the loopback, or the path of a Unix socket. */
export type Place = number | string;

function dial(place: Place): Socket {
  const where = typeof place === 'number' ? { host: '127.0.0.1', port: place } : { path: place };
  return connect({ ...where, allowHalfOpen: true });
}

/** Accepts at one place and passes each connection on to the other, half-closed ends included. */
export async function relay(from: Place, to: Place): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = dial(to);
    // A connection that breaks ends its other half; nobody else wants to know.
    pipeline(near, far, () => {});
    pipeline(far, near, () => {});
  });
  await new Promise<void>((listening) => {
    if (typeof from === 'number') server.listen(from, '127.0.0.1', listening);
    else server.listen(from, listening);
  });
  return server;
}

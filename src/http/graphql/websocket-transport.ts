/**
 * graphql-ws on a ws socket. The package's own adapter writes to the console and waits for a slow peer without limit;
 * this one logs, and closes a connection whose peer does not read.
 */
import type { Server } from 'graphql-ws';
import type { RawData, WebSocket } from 'ws';
import type { Log } from '../../log.ts';

/** Close code for a peer that did not take a message for SUBSCRIPTION_STALL_MS. Clients reconnect with their last cursor. */
export const SUBSCRIBER_TOO_SLOW = 4490;

/** The protocol's code for a fault of the server. */
const INTERNAL_SERVER_ERROR = 4500;

/** How to look after a connection. */
export interface TransportOptions {
  /** Longest time for one message to leave this process, ms. */
  readonly stallMs: number;
  /** Time between pings, and longest wait for their answer, ms. */
  readonly pingMs: number;
  readonly log: Log;
}

/** Speaks the protocol on an accepted connection until it closes. */
export function serveConnection<Extra>(
  server: Server<Extra>,
  socket: WebSocket,
  extra: Extra,
  options: TransportOptions,
): void {
  const { log } = options;
  socket.on('error', () => socket.terminate()); // broken frames and resets; 'close' follows
  const stopPinging = keepAlive(socket, options.pingMs);
  const closed = server.opened(
    {
      protocol: socket.protocol,
      send: (message) => send(socket, message, options),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (receive) =>
        socket.on('message', (data: RawData) => {
          receive(String(data)).catch((error: unknown) => {
            log.error('websocket.failed', {}, error);
            socket.close(INTERNAL_SERVER_ERROR, 'Internal server error');
          });
        }),
    },
    extra,
  );
  socket.once('close', (code, reason) => {
    stopPinging();
    closed(code, String(reason)).catch((error: unknown) => log.error('websocket.close-failed', {}, error));
  });
}

/**
 * Resolves when the message has left this process. A subscription asks for its next event only then, so what a slow peer
 * holds in memory is one message for each of its operations.
 */
function send(socket: WebSocket, message: string, { stallMs, log }: TransportOptions): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) {
      // Resolving at once would have the subscription run on, to nobody, until the close has come through.
      socket.once('close', () => resolve());
      return;
    }
    // The close frame waits behind what the peer does not read; the server's closeTimeout ends the wait.
    const stalled = setTimeout(() => {
      log.warn('websocket.stalled', { bytes: socket.bufferedAmount });
      socket.close(SUBSCRIBER_TOO_SLOW, 'Subscriber too slow');
    }, stallMs);
    socket.send(message, () => {
      clearTimeout(stalled);
      resolve(); // a failed send is followed by 'close', which ends the operations
    });
  });
}

function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    // A ping behind unread messages cannot be answered: that peer is not dead but slow, which send() looks after.
    if (socket.bufferedAmount > 0) return;
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingMs);
  return () => clearInterval(timer);
}

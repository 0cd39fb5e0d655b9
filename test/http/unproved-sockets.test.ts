import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { UnprovedSockets } from '../../src/http/graphql/unproved-sockets.ts';
import { startServer } from './support.ts';

it('counts each network by itself, and gives room back once', () => {
  const sockets = new UnprovedSockets(64);
  const admitted = Array.from({ length: 16 }, (_, index) => sockets.admit(`2001:db8::${index}`));
  expect(admitted.every((proved) => proved !== undefined)).toBe(true);
  expect(sockets.admit('2001:db8::ffff')).toBeUndefined();
  expect(sockets.admit('2001:db8:1::1')).toBeDefined();
  admitted[0]?.();
  admitted[0]?.();
  expect(sockets.admit('2001:db8::ffff')).toBeDefined();
  expect(sockets.admit('2001:db8::ffff')).toBeUndefined();
});

it('leaves room beside those who open WebSockets and say nothing', async () => {
  const { url } = await startServer({ MAX_SUBSCRIPTIONS: '64' });
  const open = (): WebSocket => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    onTestFinished(() => socket.terminate());
    return socket;
  };
  const silent = Array.from({ length: 16 }, open);
  await Promise.all(silent.map((socket) => once(socket, 'open')));
  const [error] = (await once(open(), 'error')) as [Error];
  expect(error.message).toContain('503');
  const [first] = silent;
  first?.send(JSON.stringify({ type: 'connection_init' }));
  if (first) await once(first, 'message');
  await once(open(), 'open');
});

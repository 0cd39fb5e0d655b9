import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request, Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import WebSocket from 'ws';
import { loadConfig } from '../../src/config.ts';
import { followTls, readTls } from '../../src/http/tls.ts';
import { hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { RawConnection, RecordingLog, startServer } from './support.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'cxr-gateway-tls-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function secured(settings: Record<string, string> = {}) {
  const { cert, key } = await makeCertificate(await folder(), 'gateway');
  const server = await startServer({ HTTP_TLS_CERT_FILE: cert, HTTP_TLS_KEY_FILE: key, ...settings });
  return { ...server, cert, key, ca: await readFile(cert) };
}

/** Status, headers and body of a GET. */
async function get(
  url: string,
  ca: Buffer,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const sent = request(url, { ca }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

async function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

describe.skipIf(!hasOpenssl)('HTTP over TLS (needs openssl)', () => {
  it('answers, and tells browsers to come by TLS only', async () => {
    const { url, ca } = await secured();
    expect(url).toMatch(/^https:/);
    const { status, headers, body } = await get(`${url}/healthz`, ca);
    expect(status).toBe(200);
    expect(body).toBe('{"status":"alive"}');
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('carries WebSockets', async () => {
    const { url, ca } = await secured();
    const socket = new WebSocket(`${url.replace('https', 'wss')}/graphql`, 'graphql-transport-ws', { ca });
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    const [message] = await once(socket, 'message');
    expect(String(message)).toContain('connection_ack');
  });

  it('speaks TLS 1.2 and 1.3, and nothing older', async () => {
    const { port, ca } = await secured();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake(port, { ca, minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
    }
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const old = { ca, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
      await expect(handshake(port, old)).rejects.toThrow();
    }
    for (const ciphers of ['NULL', 'RC4', '3DES', 'aNULL']) {
      await expect(
        Promise.resolve().then(() => handshake(port, { ca, maxVersion: 'TLSv1.2', ciphers })),
      ).rejects.toThrow();
    }
  });

  it('closes on a peer that speaks no TLS, and goes on', async () => {
    const { port, url, ca } = await secured();
    const plain = await RawConnection.open(port);
    plain.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await plain.closed;
    expect((await get(`${url}/healthz`, ca)).status).toBe(200);
  });

  it('takes up a renewed certificate without a restart, and keeps the old one while the files do not fit', async () => {
    const directory = await folder();
    const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
    const [before, after] = [await makeCertificate(directory, 'before'), await makeCertificate(directory, 'after')];
    const install = async ({ cert, key }: typeof before) => {
      await copyFile(cert, files.certFile);
      await copyFile(key, files.keyFile);
    };
    await install(before);
    const log = new RecordingLog();
    const server = new Server(await readTls(files), (_request, response) => response.end('ok'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stop = followTls(server, files, log, 20);
    onTestFinished(() => {
      stop();
      server.close();
    });
    const { port } = server.address() as { port: number };
    const shown = async () => {
      const socket = await handshake(port, { rejectUnauthorized: false });
      return socket.getPeerCertificate().subject.CN;
    };
    expect(await shown()).toBe('before');
    await writeFile(files.keyFile, 'nothing');
    await log.find('http.certificate-kept');
    expect(await shown()).toBe('before');
    await install(after);
    await log.find('http.certificate-renewed');
    expect(await shown()).toBe('after');
  });

  it('does not start with files that do not fit', async () => {
    const directory = await folder();
    const [one, two] = [await makeCertificate(directory, 'one'), await makeCertificate(directory, 'two')];
    const start = (HTTP_TLS_CERT_FILE: string, HTTP_TLS_KEY_FILE: string) =>
      startServer({ HTTP_TLS_CERT_FILE, HTTP_TLS_KEY_FILE });
    await expect(start(one.cert, two.key)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(start(one.key, one.cert)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(start('/nowhere', one.key)).rejects.toThrow('HTTP_TLS_CERT_FILE cannot be read');
    expect(() => loadConfig({ HTTP_TLS_CERT_FILE: one.cert }, {})).toThrow('must be set together');
  });
});

describe('HTTP without TLS', () => {
  it('does not speak of TLS to browsers', async () => {
    const { url } = await startServer();
    expect((await fetch(`${url}/healthz`)).headers.get('strict-transport-security')).toBeNull();
  });
});

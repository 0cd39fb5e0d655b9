/**
 * Fetches a file whose SHA-256 is known beforehand. What arrived stays in a `.part` file named by the digest, so a broken
 * download goes on where it stopped, and never with another file's bytes; the file gets its name only when the digest fits.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../../errors.ts';

/** What to fetch, and within which bounds. */
export interface DownloadOptions {
  readonly url: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Folder of the `.part` file and of the result. */
  readonly directory: string;
  readonly maximumBytes: number;
  /** `total` is null where the server does not say. */
  readonly onProgress?: ((received: number, total: number | null) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for the next bytes. */
  readonly idleTimeoutMs?: number;
  /** Also take plain http from this machine itself: for tests. */
  readonly allowLoopback?: boolean;
}

const MAXIMUM_REDIRECTS = 5;
const ATTEMPTS = 4;
const IDLE_TIMEOUT_MS = 60_000;
const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * Downloads a file.
 *
 * @returns path of the complete file, whose digest is the one wanted
 * @throws GatewayError BAD_REQUEST for an address that is not https or a digest that is none; PAYLOAD_TOO_LARGE;
 *   MODEL_DOWNLOAD_FAILED when the server refuses or the connection breaks again and again; MODEL_DIGEST_MISMATCH
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { sha256, directory } = options;
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new GatewayError('BAD_REQUEST', 'A download needs its SHA-256: 64 lower-case hexadecimal digits.');
  }
  assertAllowed(options.url, options);
  await mkdir(directory, { recursive: true });
  const part = join(directory, `${sha256}.part`);
  await fetchWhole(part, options);
  const found = await fileDigest(part);
  if (found !== sha256) {
    await rm(part, { force: true });
    throw new GatewayError('MODEL_DIGEST_MISMATCH', `${shown(options.url)} has SHA-256 ${found}, not ${sha256}.`);
  }
  const complete = join(directory, sha256);
  await rename(part, complete);
  return complete;
}

/** SHA-256 of a file. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Goes on after broken connections while each attempt brings something. */
async function fetchWhole(part: string, options: DownloadOptions): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const before = await sizeOf(part);
    try {
      return await fetchRest(part, before, options);
    } catch (cause) {
      options.signal?.throwIfAborted();
      if (cause instanceof GatewayError) throw cause;
      if (attempt >= ATTEMPTS || (await sizeOf(part)) === before) {
        throw new GatewayError('MODEL_DOWNLOAD_FAILED', `${shown(options.url)}: the connection broke.`, {}, { cause });
      }
    }
  }
}

async function fetchRest(part: string, have: number, options: DownloadOptions): Promise<void> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), options.idleTimeoutMs ?? IDLE_TIMEOUT_MS);
  try {
    const signals = [idle.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const response = await request(have, AbortSignal.any(signals), options);
    // The part is already as long as the file, or longer: the digest tells.
    if (response.status === RANGE_NOT_SATISFIABLE && have > 0) return;
    if (!response.ok || response.body === null) {
      throw new GatewayError('MODEL_DOWNLOAD_FAILED', `${shown(options.url)}: the server answered ${response.status}.`);
    }
    const start = resumedAt(response, have);
    const rest = response.headers.get('content-length');
    const total = rest === null ? null : start + Number(rest);
    if (total !== null && total > options.maximumBytes) throw tooLarge(options);
    const file = await open(part, start === 0 ? 'w' : 'a');
    try {
      let received = start;
      for await (const chunk of response.body) {
        timer.refresh();
        received += chunk.length;
        if (received > options.maximumBytes) throw tooLarge(options);
        await file.write(chunk);
        options.onProgress?.(received, total);
      }
      if (total !== null && received < total) throw new Error('the body ended early');
    } finally {
      await file.close();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Where the answer begins: at what we have, or at 0 when the server sends everything again. */
function resumedAt(response: Response, have: number): number {
  if (response.status !== PARTIAL_CONTENT) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (Number(start) !== have) {
    throw new GatewayError('MODEL_DOWNLOAD_FAILED', 'The server answered with another range than was asked for.');
  }
  return have;
}

/** Follows redirects by hand: each address must be allowed. */
async function request(have: number, signal: AbortSignal, options: DownloadOptions): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (have > 0) headers.range = `bytes=${have}-`;
  let url = options.url;
  for (let count = 0; count <= MAXIMUM_REDIRECTS; count++) {
    const response = await fetch(url, { headers, signal, redirect: 'manual' });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    url = new URL(location, url).href;
    assertAllowed(url, options);
  }
  throw new GatewayError(
    'MODEL_DOWNLOAD_FAILED',
    `${shown(options.url)} redirects more than ${MAXIMUM_REDIRECTS} times.`,
  );
}

function assertAllowed(url: string, { allowLoopback }: DownloadOptions): void {
  const parsed = URL.parse(url);
  const loopback = parsed?.protocol === 'http:' && LOOPBACK.has(parsed.hostname) && allowLoopback === true;
  if (parsed?.protocol === 'https:' || loopback) return;
  throw new GatewayError('BAD_REQUEST', `${shown(url)} is no https address.`);
}

/** An address without what may be secret in it: the query of a signed link, a password. */
function shown(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'The source' : `${parsed.origin}${parsed.pathname}`;
}

function tooLarge({ url, maximumBytes }: DownloadOptions): GatewayError {
  return new GatewayError('PAYLOAD_TOO_LARGE', `${shown(url)} is larger than ${maximumBytes} bytes.`);
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * A whole gateway at work in one terminal: the server, films through its HTTP door, and a WebSocket subscriber that prints
 * each film's findings when they are pushed.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ACCESS_ROLES } from '../access/identity.ts';
import { createLocalIssuer, type LocalToken } from '../access/local-issuer.ts';
import { type App, createApp } from '../app.ts';
import { type Config, loadConfig } from '../config.ts';
import { GatewayError } from '../errors.ts';
import { createLog } from '../log.ts';
import { nextSignal } from '../serve.ts';
import { DemoClient, type DemoInference } from './client.ts';
import { type DemoFilm, filmsOf, phantoms } from './films.ts';
import { Terminal } from './terminal.ts';

/** What the demo does. */
export interface DemoOptions {
  /** Files and folders to send; phantoms when empty. */
  readonly films: readonly string[];
  /** End after the last film instead of serving on. */
  readonly exit: boolean;
}

/** States in which a film needs no more waiting, other than DONE, which is pushed. */
const UNREAD = ['INELIGIBLE', 'FAILED', 'CANCELLED'];

/** Sends the films and looks at the findings. */
const CLIENT: LocalToken = {
  subject: 'demo-client',
  name: 'Demo client',
  roles: ['CLINICIAN', 'TECHNOLOGIST'],
  lifetimeSeconds: 24 * 3600,
};

/** Whoever tries the gateway out. */
const ADMINISTRATOR: LocalToken = {
  subject: 'demo-administrator',
  name: 'Demo administrator',
  roles: ACCESS_ROLES,
  lifetimeSeconds: 3600,
};

/** How often the films that no push has come for are looked up. */
const LOOK_INTERVAL_MS = 500;

/**
 * Runs the demo. The exit code is 1 when a film could not be stored or its reading failed; a film that the gate refuses is
 * no failure.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const terminal = new Terminal(process.stdout);
  const films = options.films.length > 0 ? await filmsOf(options.films) : phantoms();
  if (films.length === 0) throw new GatewayError('NOT_FOUND', 'The folder holds no file.');
  const config = await demoConfig(terminal);
  const logFile = join(dirname(config.database.embeddedDirectory), 'gateway.log');
  await mkdir(dirname(logFile), { recursive: true });
  const log = createLog(config.logLevel, createWriteStream(logFile, { flags: 'a' }));

  terminal.line('cxr-gateway demo. The model is a demonstration, not for clinical use.');
  terminal.line();
  const localIssuer = await createLocalIssuer();
  const onProgress = (step: string) => terminal.step(`starting: ${step}`);
  const app = await createApp(config, log, { onProgress, localIssuer });
  try {
    terminal.step('starting: HTTP and WebSocket server');
    const { url, dimse } = await app.start();
    terminal.endStep();
    const client = new DemoClient(url, await localIssuer.issue(CLIENT));
    const failures = await readFilms(client, films, terminal);
    if (failures > 0) process.exitCode = 1;
    if (!options.exit) await serveOn({ url, dimse }, await localIssuer.issue(ADMINISTRATOR), logFile, terminal);
    terminal.step('stopping');
    await app.drain();
  } finally {
    await app[Symbol.asyncDispose]();
    terminal.endStep();
  }
}

async function demoConfig(terminal: Terminal): Promise<Config> {
  const overrides: Record<string, string> = { DIMSE_UNKNOWN_CALLERS: 'accept', GRAPHQL_INTROSPECTION: 'on' };
  const { http, dimse } = loadConfig();
  for (const [setting, host, port] of [
    ['PORT', http.host, http.port],
    ['DIMSE_PORT', dimse.host, dimse.port],
  ] as const) {
    if (await isFree(host, port)) continue;
    terminal.line(`Port ${port} is in use; a free one is taken instead (${setting} sets it).`);
    overrides[setting] = '0';
  }
  return loadConfig(overrides);
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

/** Sends every film and prints what becomes of it; returns how many could not be stored or read. */
async function readFilms(client: DemoClient, films: readonly DemoFilm[], terminal: Terminal): Promise<number> {
  const awaited = new Map<string, string>();
  const pushed = new Map<string, DemoInference>();
  const show = (uid: string, inference: DemoInference) => {
    const name = awaited.get(uid);
    if (name === undefined || !awaited.delete(uid)) return;
    printReading(terminal, name, inference);
  };
  let lost: unknown;
  const unsubscribe = await client.subscribe(
    (inference) => {
      const uid = inference.instance.sopInstanceUid;
      // A push may overtake the answer of the request that sent the film.
      pushed.set(uid, inference);
      show(uid, inference);
    },
    (error) => {
      lost = error;
    },
  );
  let failures = 0;
  for (const film of films) {
    const sent = await client.send(film);
    if (sent.accepted && sent.sopInstanceUid !== undefined) {
      awaited.set(sent.sopInstanceUid, film.name);
      const early = pushed.get(sent.sopInstanceUid);
      if (early !== undefined) show(sent.sopInstanceUid, early);
    } else {
      failures += 1;
      terminal.refusal(film.name, [`not stored: ${sent.problem}`]);
    }
  }
  const readBefore = new Set<string>();
  while (awaited.size > 0) {
    await delay(LOOK_INTERVAL_MS);
    if (lost !== undefined) throw new GatewayError('INTERNAL', 'The subscription ended.', {}, { cause: lost });
    failures += await lookUp(client, awaited, readBefore, terminal);
  }
  await unsubscribe();
  return failures;
}

/** Films that end without findings are not pushed, nor are those that were read before: these are asked for. */
async function lookUp(
  client: DemoClient,
  awaited: Map<string, string>,
  readBefore: Set<string>,
  terminal: Terminal,
): Promise<number> {
  let failures = 0;
  for (const [uid, name] of [...awaited]) {
    const inference = await client.newestReading(uid);
    if (inference === undefined || !awaited.has(uid)) continue;
    if (inference.state === 'DONE') {
      // Its push may be on the way: only a film that is still here at the next look was read before.
      if (!readBefore.has(uid)) {
        readBefore.add(uid);
        continue;
      }
      awaited.delete(uid);
      printReading(terminal, `${name} (stored and read before)`, inference);
    } else if (UNREAD.includes(inference.state)) {
      awaited.delete(uid);
      if (inference.state === 'FAILED') failures += 1;
      const { error } = inference;
      const reasons = error === null ? inference.warnings : [`${error.code}: ${error.message}`];
      terminal.refusal(`${name}: ${inference.state}`, reasons);
    }
  }
  return failures;
}

function printReading(terminal: Terminal, name: string, inference: DemoInference): void {
  const { study, instance, modelVersion, timings, warnings, findings } = inference;
  const sum = (timings.decodeMs ?? 0) + (timings.preprocessMs ?? 0) + (timings.inferenceMs ?? 0);
  terminal.reading({
    title: `${name}: ${study.patient.name ?? 'no name'} (${study.patient.mrn}), ${study.description ?? 'no description'}`,
    details:
      `${instance.columns}x${instance.rows} ${instance.photometricInterpretation}, accession ${study.accessionNumber ?? 'none'}, ` +
      `${modelVersion.name}@${modelVersion.version} ${modelVersion.precision}, ${sum.toFixed(0)} ms`,
    warnings,
    findings,
  });
}

async function serveOn(
  { url, dimse }: Awaited<ReturnType<App['start']>>,
  token: string,
  logFile: string,
  terminal: Terminal,
): Promise<void> {
  terminal.line();
  terminal.line('Serving until Ctrl+C:');
  for (const [what, where] of [
    ['start page', `${url}/`],
    ['GraphQL', `${url}/graphql (queries, mutations; subscriptions over WebSocket)`],
    ['STOW-RS', `${url}/dicomweb/studies`],
    ['C-STORE', dimse === undefined ? 'off' : `storescu -aec ${dimse.aeTitle} ${dimse.host} ${dimse.port} film.dcm`],
    ['readiness', `${url}/readyz`],
    ['metrics', `${url}/metrics`],
    ['log', logFile],
  ]) {
    terminal.line(`  ${what?.padEnd(11)} ${where}`);
  }
  terminal.line();
  terminal.line('Local administrator token, good for 1 hour at this process alone (every role, every patient):');
  terminal.line();
  terminal.line(`export CXR_GATEWAY_TOKEN=${token}`);
  terminal.line(
    `curl ${url}/graphql -H "authorization: Bearer $CXR_GATEWAY_TOKEN" -H 'content-type: application/json' \\`,
  );
  terminal.line(
    `  -d '{"query":"{ studies(first: 3) { nodes { studyInstanceUid findings(positive: true) { label } } } }"}'`,
  );
  await nextSignal();
  terminal.line();
}

/** Where the walk-through plays: a gateway of its own with the shipped model, people with keys, films and a candidate. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Who plays. Each has a key of their own, so that a second person can approve. */
const PEOPLE = {
  'Maria, ADMIN': ['--name', 'maria', '--role', 'ADMIN', '--issuer', '*'],
  'Jonas, ADMIN': ['--name', 'jonas', '--role', 'ADMIN', '--issuer', '*'],
  'Dr Chen, CLINICIAN': ['--name', 'dr-chen', '--role', 'CLINICIAN', '--issuer', '*'],
  'RIS, INTEGRATION': ['--name', 'ris', '--role', 'INTEGRATION', '--issuer', '*'],
} as const;

/** A key of {@link PEOPLE}. */
export type Person = keyof typeof PEOPLE;

/** An answer of the GraphQL endpoint. */
export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** The running gateway with all that belongs to it. */
export interface Stage extends AsyncDisposable {
  /** Base address. */
  readonly url: string;
  /** MODELS_DIR. */
  readonly models: string;
  ask(who: Person, document: string, variables: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Gets what the gateway answers at a path. */
  get(who: Person, path: string): Promise<Response>;
  /** Runs `cxr-gateway` with these arguments and resolves with what it prints. */
  command(...words: readonly string[]): Promise<string>;
  /** Sends films by STOW-RS, one after the other, and waits until every reading of them has ended, those of shadows too. */
  send(films: readonly { file(): Promise<Uint8Array> }[]): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'dist', 'main.js');
const run = promisify(execFile);

const OPEN = '{ inferences(filter: { states: [QUEUED, RUNNING] }) { totalCount } }';
const POLL_MS = 200;

/** Sets the stage; takes some 10 s. */
export async function setStage(settings: Readonly<Record<string, string>>): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-walkthrough-'));
  await chmod(folder, 0o755); // as root PostgreSQL runs as another account, which must be able to enter
  const models = join(folder, 'models');
  await cp(join(ROOT, 'models', 'chexnet-demo'), join(models, 'chexnet-demo'), { recursive: true });
  const env = { ...process.env, DATA_DIR: folder, MODELS_DIR: models, PORT: '0', DIMSE_PORT: '0', ...settings };
  const command = async (...words: readonly string[]) =>
    (await run(process.execPath, [MAIN, ...words], { env, maxBuffer: 64 * 1024 * 1024 })).stdout;
  const keys = new Map<Person, string>();
  for (const [person, words] of Object.entries(PEOPLE) as [Person, readonly string[]][]) {
    keys.set(person, JSON.parse(await command('api-key', 'create', ...words, '--json')).secret);
  }
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await addressOf(child);
  const authorization = (who: Person) => ({ authorization: `Bearer ${keys.get(who)}` });
  const ask: Stage['ask'] = async (who, query, variables) => {
    const body = JSON.stringify({ query, variables });
    const headers = { ...authorization(who), 'content-type': 'application/json' };
    return (await (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).json()) as Answer;
  };
  const ended = async () => {
    for (;;) {
      const { data } = await ask('Maria, ADMIN', OPEN, {});
      if ((data?.inferences as { totalCount: number } | undefined)?.totalCount === 0) return;
      await delay(POLL_MS);
    }
  };
  return {
    url,
    models,
    ask,
    get: (who, path) => fetch(`${url}${path}`, { headers: authorization(who) }),
    command,
    send: async (films) => {
      for (const film of films) await stow(url, authorization('RIS, INTEGRATION'), await film.file());
      await ended();
    },
    [Symbol.asyncDispose]: async () => {
      const exit = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((serving, failed) => {
    if (child.stdout === null) throw new Error('The gateway has no output.');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as { readonly event: string; readonly url?: string };
      if (event.event === 'gateway.started' && event.url !== undefined) serving(event.url);
    });
    child.once('exit', (code) => failed(new Error(`The gateway ended with ${code} before it served.`)));
  });
}

async function stow(url: string, headers: Readonly<Record<string, string>>, film: Uint8Array): Promise<void> {
  const parts = ['--film\r\nContent-Type: application/dicom\r\n\r\n', film, '\r\n--film--\r\n'];
  const response = await fetch(`${url}/dicomweb/studies`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'multipart/related; type="application/dicom"; boundary=film' },
    body: Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
  });
  if (!response.ok) throw new Error(`A film was refused: ${response.status} ${await response.text()}`);
}

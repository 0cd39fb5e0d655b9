/** Where the walk-through plays: a gateway of its own with the shipped model, people with keys, films and a candidate. */
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand, startGatewayProcess } from '../../test/support/gateway-process.ts';

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

const OPEN = '{ inferences(filter: { states: [QUEUED, RUNNING] }) { totalCount } }';
const POLL_MS = 200;

/** Sets the stage; takes some 10 s. */
export async function setStage(settings: Readonly<Record<string, string>>): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-walkthrough-'));
  await chmod(folder, 0o755); // as root PostgreSQL runs as another account, which must be able to enter
  const models = join(folder, 'models');
  await cp(join(ROOT, 'models', 'chexnet-demo'), join(models, 'chexnet-demo'), { recursive: true });
  const environment = { DATA_DIR: folder, MODELS_DIR: models, ...settings };
  const command = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand(words, environment);
    if (code !== 0) throw new Error(`cxr-gateway ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  };
  const keys = new Map<Person, string>();
  for (const [person, words] of Object.entries(PEOPLE) as [Person, readonly string[]][]) {
    keys.set(person, JSON.parse(await command('api-key', 'create', ...words, '--json')).secret);
  }
  const gateway = await startGatewayProcess(environment, () => {}, []);
  const { url } = gateway;
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
      await gateway.end('SIGTERM'); // by itself, so that its PostgreSQL ends too
      await rm(folder, { recursive: true, force: true });
    },
  };
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

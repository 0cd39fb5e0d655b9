/** The `api-key` commands of the command line. They open the database themselves. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  createApiKey,
  type IssuedApiKey,
  LONGEST_GRACE_HOURS,
  LONGEST_LIFE_DAYS,
  OPERATOR,
  revokeApiKey,
  rotateApiKey,
  USUAL_GRACE_HOURS,
  USUAL_LIFE_DAYS,
} from '../access/api-keys.ts';
import { commandLineActor } from '../access/command-line.ts';
import { ACCESS_ROLES } from '../access/identity.ts';
import { loadConfig } from '../config.ts';
import { toGatewayError } from '../errors.ts';
import type { ApiKeyRow, ApiKeyStore } from '../store/api-keys.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { note, print, printTable } from './output.ts';

interface CreateOptions {
  readonly name: string;
  readonly role: readonly AccessRole[];
  readonly issuer: readonly string[];
  readonly study: readonly string[];
  readonly deidentifiedOnly?: boolean;
  readonly expires: number;
  readonly json?: boolean;
}

interface RotateOptions {
  readonly grace: number;
  readonly expires?: number;
  readonly json?: boolean;
}

/** Adds `api-key create`, `list`, `rotate` and `revoke`. */
export function addApiKeyCommands(program: Command): void {
  const apiKey = program.command('api-key').description('keys by which machines prove who they are');
  apiKey
    .command('create')
    .description('make a key and print its secret, once')
    .requiredOption('--name <name>', 'what to call it, such as the system that uses it')
    .addOption(new Option('--role <roles...>', 'what it may do').choices(ACCESS_ROLES).makeOptionMandatory())
    .option('--issuer <issuers...>', "assigning authorities whose patients it may see; '*': all", [])
    .option('--study <uids...>', 'Study Instance UIDs of studies that it may see besides', [])
    .option('--deidentified-only', 'sees de-identified views only, whatever its roles')
    .option('--expires <days>', `days for which it is accepted, at most ${LONGEST_LIFE_DAYS}`, amount, USUAL_LIFE_DAYS)
    .option('--json', 'print JSON')
    .action(create);
  apiKey
    .command('list')
    .description('list keys, newest first')
    .option('--all', 'also those that are revoked or expired')
    .option('--json', 'print JSON')
    .action(list);
  apiKey
    .command('rotate')
    .description('replace a key by a new one with the same grants and print its secret, once')
    .argument('<id>', 'of the key')
    .option('--grace <hours>', `the old key is accepted yet, at most ${LONGEST_GRACE_HOURS}`, amount, USUAL_GRACE_HOURS)
    .option('--expires <days>', 'days for which the new key is accepted; default: as long as the old one', amount)
    .option('--json', 'print JSON')
    .action(rotate);
  apiKey
    .command('revoke')
    .description('end a key at once, in every running gateway')
    .argument('<id>', 'of the key')
    .requiredOption('--reason <reason>', 'why, for the audit')
    .action(revoke);
}

async function create(options: CreateOptions): Promise<void> {
  const request = {
    name: options.name,
    roles: options.role,
    issuers: options.issuer,
    studies: options.study,
    deidentifiedOnly: options.deidentifiedOnly === true,
    expiresInDays: options.expires,
  };
  const by = commandLineActor('api-key create');
  show(await withKeys((keys) => createApiKey(keys, request, OPERATOR, by)), options.json);
}

async function list({ all, json }: { readonly all?: boolean; readonly json?: boolean }): Promise<void> {
  const keys = await withKeys((store) => store.list(all === true));
  if (json === true) return print(JSON.stringify(keys));
  printTable([
    ['id', 'name', 'roles', 'issuers', 'expires', 'last used', 'state'],
    ...keys.map((key) => [
      key.id,
      key.name,
      key.roles.join(' '),
      key.issuers.join(' '),
      key.expiresAt.toISOString().slice(0, 16),
      key.lastUsedAt?.toISOString().slice(0, 16) ?? 'never',
      stateOf(key),
    ]),
  ]);
}

async function rotate(id: string, { grace, expires, json }: RotateOptions): Promise<void> {
  const by = commandLineActor('api-key rotate');
  const rotation = { graceHours: grace, expiresInDays: expires };
  const issued = await withKeys((keys) => rotateApiKey(keys, id, rotation, OPERATOR, by));
  show(issued, json);
  if (json !== true) note(`The old key is accepted for ${grace} hours yet, or until its own expiry.`);
}

async function revoke(id: string, { reason }: { readonly reason: string }): Promise<void> {
  const key = await withKeys((keys) => revokeApiKey(keys, id, reason, commandLineActor('api-key revoke')));
  print(`${key.id} (${key.name}) is revoked.`);
}

async function withKeys<T>(run: (keys: ApiKeyStore) => Promise<T>): Promise<T> {
  try {
    // Loaded here alone: the other commands start twice as fast without it.
    const { openRecords } = await import('../store/open-records.ts');
    await using records = await openRecords(loadConfig().database);
    return await run(records.apiKeys);
  } catch (error) {
    throw toGatewayError(error);
  }
}

/** The secret alone goes to standard output, so that it can be put into a file. */
function show({ apiKey, secret }: IssuedApiKey, json: boolean | undefined): void {
  if (json === true) {
    print(JSON.stringify({ ...apiKey, secret }));
    return;
  }
  note(`${apiKey.id} (${apiKey.name}): ${apiKey.roles.join(', ')}, until ${apiKey.expiresAt.toISOString()}`);
  note('Its secret, shown now and never again:');
  print(secret);
}

function stateOf({ revokedAt, expiresAt, replacedById }: ApiKeyRow): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt.getTime() <= Date.now()) return 'expired';
  return replacedById === null ? 'accepted' : 'replaced';
}

function amount(text: string): number {
  const value = Number(text);
  if (!/^\d{1,4}(\.\d+)?$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number.');
  return value;
}

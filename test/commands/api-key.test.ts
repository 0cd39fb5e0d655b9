import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type GatewayProcess, runCommand, startGatewayProcess } from '../support/gateway-process.ts';
import { createDatabase } from '../support/postgres.ts';

interface Printed {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
}

describe('api-key', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let settings: Record<string, string>;

  beforeAll(async () => {
    database = await createDatabase(inject('databaseUrl'));
    settings = { DATABASE_URL: database.url };
  });
  afterAll(() => database[Symbol.asyncDispose]());

  const run = (...args: string[]) => runCommand(['api-key', ...args], settings);

  it('prints the secret alone on standard output, once, and who it is for beside it', async () => {
    const { code, stdout, stderr } = await run('create', '--name', 'RIS', '--role', 'INTEGRATION', '--issuer', '*');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^cxr_[\w-]{49}\n$/);
    expect(stderr).toContain('INTEGRATION');
    const listed = await run('list');
    expect(listed.stdout).toMatch(/ RIS +INTEGRATION +\* .* never +accepted/);
    expect(listed.stdout).not.toContain(stdout.trim().slice(4));
  });

  it('rotates and revokes', async () => {
    const args = ['--role', 'CLINICIAN', 'AUDITOR', '--issuer', 'A', 'B', '--expires', '10', '--json'];
    const created = await run('create', '--name', 'viewer', ...args);
    const { id, secret } = JSON.parse(created.stdout) as Printed;
    const rotated = JSON.parse((await run('rotate', id, '--grace', '1', '--json')).stdout) as Printed;
    expect(rotated.secret).not.toBe(secret);
    expect(rotated).toMatchObject({ name: 'viewer', roles: ['CLINICIAN', 'AUDITOR'], issuers: ['A', 'B'] });
    expect((await run('list')).stdout).toMatch(new RegExp(`${id}.*replaced`));
    expect((await run('rotate', id)).stderr).toContain('INVALID_STATE');
    const revoked = await run('revoke', rotated.id, '--reason', 'a test');
    expect(revoked).toMatchObject({ code: 0, stdout: `${rotated.id} (viewer) is revoked.\n` });
    expect((await run('list')).stdout).not.toContain(rotated.id);
    expect((await run('list', '--all')).stdout).toMatch(new RegExp(`${rotated.id}.*revoked`));
  });

  it.each([
    [['create', '--name', 'x'], '--role'],
    [['create', '--name', 'x', '--role', 'KING'], 'KING'],
    [['create', '--name', 'x', '--role', 'ADMIN', '--expires', '500'], 'BAD_REQUEST'],
    [['create', '--name', 'x', '--role', 'ADMIN', '--expires', 'soon'], 'must be a number'],
    [['revoke', 'nonsense', '--reason', 'x'], 'NOT_FOUND'],
    [['revoke', 'nonsense'], '--reason'],
  ])('%j says what is wrong', async (args, problem) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(problem);
    expect(stderr).not.toContain('    at ');
  });
});

describe('api-key beside a gateway on its embedded database', () => {
  let folder: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-api-key-'));
    gateway = await startGatewayProcess({ DATA_DIR: folder, ROLE: 'api' });
  });
  afterAll(async () => {
    await gateway?.end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  const ask = async (secret: string) =>
    (
      await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
        body: '{"query":"{ __typename }"}',
      })
    ).status;

  it('makes and revokes keys that the gateway knows at once', async () => {
    const settings = { DATA_DIR: folder };
    const args = ['create', '--name', 'RIS', '--role', 'INTEGRATION', '--json'];
    const made = await runCommand(['api-key', ...args], settings);
    const { id, secret } = JSON.parse(made.stdout) as Printed;
    expect(await ask(secret)).toBe(200);
    const revoked = await runCommand(['api-key', 'revoke', id, '--reason', 'a test'], settings);
    expect(revoked.code, revoked.stderr).toBe(0);
    const began = performance.now();
    while ((await ask(secret)) === 200);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('serve without an identity source', () => {
  it('ends and says what to set; with an API key it starts', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    const settings = { DATABASE_URL: database.url, ROLE: 'api' };
    const { code, stderr } = await runCommand(['serve'], settings);
    expect(code).toBe(1);
    expect(stderr).toMatch(/CONFIG_INVALID: .*OIDC_ISSUER.*api-key create.*--insecure-no-auth/);
    const made = await runCommand(['api-key', 'create', '--name', 'x', '--role', 'ADMIN'], settings);
    expect(made.code).toBe(0);
    await using gateway = await startGatewayProcess(settings, undefined, []);
    const { status } = await fetch(`${gateway.url}/graphql?query={__typename}`);
    expect(status).toBe(401);
  });

  it('says at every start that it lets everybody in', async () => {
    await using database = await createDatabase(inject('databaseUrl'));
    const events: string[] = [];
    await using gateway = await startGatewayProcess({ DATABASE_URL: database.url, ROLE: 'api' }, ({ event }) => {
      events.push(event);
    });
    expect(gateway.url).toContain('http');
    expect(events).toContain('gateway.insecure-no-auth');
  });
});

import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeSettings, loadConfig } from '../src/config.ts';

const PARTS = resolve(import.meta.dirname, '..', 'src', 'config');

describe('the configuration', () => {
  it('has a default for everything', () => {
    const config = loadConfig({}, {});
    expect(config).toMatchObject({
      role: 'all',
      http: { host: '127.0.0.1', port: 8080 },
      database: { url: undefined },
    });
    expect(config.inference.threads).toBeGreaterThan(0);
  });

  it('is frozen to the bottom', () => {
    expect(Object.isFrozen(loadConfig({}, {}).film)).toBe(true);
  });

  it('reports every wrong setting at once, with what it must be', () => {
    const wrong = { PORT: '99999', LOG_LEVEL: 'loud', ACTIVE_MODEL: 'chexnet', DICOM_MAX_FILE_BYTES: '-1' };
    let message = '';
    try {
      loadConfig({}, wrong);
    } catch (error) {
      message = (error as Error).message;
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    }
    expect(message).toContain('PORT: must be at most 65535');
    expect(message).toContain('LOG_LEVEL: must be debug, info, warn, error or silent');
    expect(message).toContain('ACTIVE_MODEL: must be name@version');
    expect(message).toContain('DICOM_MAX_FILE_BYTES: must be a whole number');
  });

  it('takes the command line over the environment, and empty variables as absent', () => {
    expect(loadConfig({ ROLE: 'worker' }, { ROLE: 'api', PORT: '' })).toMatchObject({
      role: 'worker',
      http: { port: 8080 },
    });
  });

  it('reads the rules of the gate and refuses unknown ones by listing the known', () => {
    expect(loadConfig({}, {}).gate).toEqual({});
    expect(loadConfig({}, { GATE_RULES: 'MODALITY=warn' }).gate).toEqual({ MODALITY: 'WARN' });
    const wrong = () => loadConfig({}, { GATE_RULES: 'MODALTY=warn,DIMENSIONS=ignore' });
    expect(wrong).toThrow(/GATE_RULES: there is no rule MODALTY; there are SOP_CLASS, .*PIXELS_CHEST_DOUBTFUL/);
    expect(wrong).toThrow(/GATE_RULES: DIMENSIONS cannot be loosened/);
  });

  it('is made of parts, each setting in one of them', async () => {
    const parts: Record<string, object>[] = await Promise.all(
      globSync('*.ts', { cwd: PARTS }).map((file) => import(join(PARTS, file))),
    );
    const tables = parts.flatMap((part) => Object.entries(part).filter(([name]) => name.endsWith('_SETTINGS')));
    const names = tables.flatMap(([, table]) => Object.keys(table));
    expect(names.sort()).toEqual(
      describeSettings()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('finds settings that are wrong only together', () => {
    const together = (environment: Record<string, string>) => () => loadConfig({}, environment);
    const tls = 'and HTTP_TLS_KEY_FILE: must be set together';
    expect(together({ HTTP_TLS_CERT_FILE: 'a' })).toThrow(`1 setting(s) are wrong:\n  HTTP_TLS_CERT_FILE ${tls}\n`);
    expect(together({ OIDC_ISSUER: 'https://a.example' })).toThrow('OIDC_AUDIENCE and OIDC_ROLE_MAP must be set');
    expect(together({ GRAPHQL_OPERATIONS: 'registered' })).toThrow('GRAPHQL_OPERATIONS_FILE: must be set together');
    expect(together({ DIMSE_TLS_CA_FILE: 'a' })).toThrow('DIMSE_TLS_KEY_FILE: must be set together');
    expect(together({ AUDIT_SYSLOG_KEY_FILE: 'a' })).toThrow('AUDIT_SYSLOG_KEY_FILE: must be set together');
  });

  it('says what each setting means', () => {
    expect(describeSettings().filter(({ preset }) => preset.includes('object'))).toEqual([]);
    for (const { name, meaning } of describeSettings()) expect(`${name}: ${meaning}`).toMatch(/: \S/);
  });
});

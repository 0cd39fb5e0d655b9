import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Exceptions, judgeAudit } from '../../scripts/dependency-advisories.ts';

const advisory = (id: string, severity: string) => ({
  source: 1,
  name: 'ws',
  dependency: 'ws',
  title: 'ws hangs',
  url: `https://github.com/advisories/${id}`,
  severity,
  range: '<8.0.0',
});

const report = (...via: unknown[]): string =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: { ws: { name: 'ws', severity: 'high', via }, 'graphql-ws': { name: 'graphql-ws', via: ['ws'] } },
    metadata: {},
  });

const accepted = {
  advisory: 'GHSA-aaaa-bbbb-cccc',
  package: 'ws',
  reason: 'the gateway never opens it to callers',
  date: '2026-11-01',
};

describe('the dependency audit', () => {
  it.each(['high', 'critical'])('fails for an advisory that is %s', (severity) => {
    expect(judgeAudit(report(advisory('GHSA-aaaa-bbbb-cccc', severity)), [])).toEqual({
      kind: 'REPORT',
      open: [{ id: 'GHSA-aaaa-bbbb-cccc', text: `${severity}: ws <8.0.0: ws hangs (GHSA-aaaa-bbbb-cccc)` }],
      unused: [],
    });
  });

  it.each(['info', 'low', 'moderate'])('passes one that is %s', (severity) => {
    expect(judgeAudit(report(advisory('GHSA-aaaa-bbbb-cccc', severity)), [])).toMatchObject({ open: [] });
  });

  it('passes what is accepted with a reason and a date, and names what is needed no more', () => {
    expect(judgeAudit(report(advisory('GHSA-aaaa-bbbb-cccc', 'high')), [accepted])).toMatchObject({
      open: [],
      unused: [],
    });
    expect(judgeAudit(report(), [accepted])).toMatchObject({ open: [], unused: ['GHSA-aaaa-bbbb-cccc'] });
  });

  it('passes where the registry has no audit, and says so', () => {
    const answer = JSON.stringify({
      message: '405 Method Not Allowed - POST https://registry/-/npm/v1',
      statusCode: 405,
    });
    expect(judgeAudit(answer, [])).toEqual({ kind: 'NOT_AVAILABLE', why: '405 Method Not Allowed' });
  });

  it('does not pass a form that it does not know', () => {
    expect(() => judgeAudit('{"auditReportVersion":3,"vulnerabilities":{}}', [])).toThrow('unknown form');
  });

  it('has exceptions with a reason and a date', () => {
    const file = resolve(import.meta.dirname, '..', '..', 'scripts', 'dependency-exceptions.json');
    expect(() => Exceptions.parse(JSON.parse(readFileSync(file, 'utf8')))).not.toThrow();
    expect(Exceptions.safeParse([{ ...accepted, reason: 'fine' }]).success).toBe(false);
    expect(Exceptions.safeParse([{ ...accepted, date: 'today' }]).success).toBe(false);
  });
});

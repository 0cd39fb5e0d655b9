/** A whole gateway that sends its audit: from a film at the door to a message at the collector. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { XmlDocument } from 'libxml2-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshStudy, phantomOf } from '../nodes/films.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type AuditSchemas, loadAuditSchemas } from '../support/audit-schemas.ts';
import { hasOpenssl, makeCertificate } from '../support/certificate.ts';
import { graphql, stow } from '../support/client.ts';
import { type Collector, startCollector } from './collector.ts';

describe.skipIf(!hasOpenssl)('a gateway with a collector (needs openssl)', () => {
  let folder: string;
  let collector: Collector;
  let gateway: TestApp;
  let schemas: AuditSchemas;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-audit-'));
    schemas = await loadAuditSchemas();
    const certificate = await makeCertificate(folder, 'collector');
    collector = await startCollector(certificate);
    gateway = await startTestApp({
      AUDIT_SYSLOG_URL: `syslog-tls://127.0.0.1:${collector.port}`,
      AUDIT_SYSLOG_CA_FILE: certificate.cert,
      AUDIT_SOURCE_ID: 'gateway.example',
    });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await collector[Symbol.asyncDispose]();
    schemas[Symbol.dispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('reports an arrival and a read with the UIDs of the study', async () => {
    const study = freshStudy();
    expect((await stow(gateway.url, [phantomOf(study)])).status).toBe(200);
    const { studyInstanceUid } = study;
    const query = `{ study(studyInstanceUid: "${studyInstanceUid}") { patient { mrn } instances { sopInstanceUid } } }`;
    await graphql(gateway.url, query);
    await collector.until((messages) => kindsOf(messages, studyInstanceUid).includes('110103'));
    expect(kindsOf(collector.messages, studyInstanceUid)).toContain('110104');
    for (const { xml } of collector.messages) schemas.validateDicom(xml);
    expect(collector.messages.map(({ position }) => position)).toEqual(
      Array.from(collector.messages, (_, index) => index + 1),
    );
  });

  it('says in readiness and metrics how far it is', async () => {
    const ready = await (await fetch(`${gateway.url}/readyz`)).json();
    expect(JSON.stringify(ready)).toMatch(/\d+ records to send; this process sends"/);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^cxr_gateway_audit_export_lag_records \d+$/m);
  });

  it('reports its start, and its stop as the last thing it does', async () => {
    const activity = (type: string) =>
      collector.messages.filter(({ xml }) => xml.includes('csd-code="110100"') && xml.includes(`csd-code="${type}"`));
    await collector.until(() => activity('110120').length === 1);
    expect(activity('110121')).toEqual([]);
    await gateway.app.drain();
    await collector.until(() => activity('110121').length === 1);
  });
});

function kindsOf(messages: Collector['messages'], studyInstanceUid: string): string[] {
  return messages
    .filter(({ xml }) => xml.includes(`ParticipantObjectID="${studyInstanceUid}"`))
    .map(({ xml }) => {
      using document = XmlDocument.fromString(xml);
      return document.get('//EventID/@csd-code')?.content ?? '';
    });
}

import { randomUUID } from 'node:crypto';
import { XmlDocument, XmlElement } from 'libxml2-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dicomAuditMessages } from '../../src/audit-export/dicom-message.ts';
import { fhirAuditEvent } from '../../src/audit-export/fhir-audit-event.ts';
import { recordJson } from '../../src/audit-export/record-json.ts';
import type { AuditedEvent } from '../../src/store/reads/audit-subjects.ts';
import { type AuditSchemas, loadAuditSchemas } from '../support/audit-schemas.ts';
import { CHAIN, EXAMPLES, event, patient, SOURCE, study } from './events.ts';

let schemas: AuditSchemas;
beforeAll(async () => {
  schemas = await loadAuditSchemas();
});
afterAll(() => schemas[Symbol.dispose]());

const fhir = (of: AuditedEvent) => JSON.parse(JSON.stringify(fhirAuditEvent(of, SOURCE)));

/** The values of an XPath in the only message of an event. */
function valuesIn(of: AuditedEvent, path: string): string[] {
  const [message = ''] = dicomAuditMessages(of, SOURCE);
  using document = XmlDocument.fromString(message);
  return document.find(path).map((node) => (node instanceof XmlElement ? node.toString() : node.content));
}

const fromBase64 = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString();

describe('the schemas', () => {
  it('refuse what is no audit message', () => {
    const [good = ''] = dicomAuditMessages(event(), SOURCE);
    schemas.validateDicom(good);
    const bad = [
      good.replace('EventActionCode="E"', 'EventActionCode="X"'),
      good.replace(/<ActiveParticipant.*(?=<AuditSource)/, ''),
      good.replace('csd-code=', 'code='),
      good.replace('2026-11-24T', '2026-11-24 '),
      good.replace('AuditSourceID', 'AuditSource'),
    ];
    for (const message of bad) {
      expect(message).not.toBe(good);
      expect(() => schemas.validateDicom(message)).toThrow();
    }
  });

  it('refuse what is no AuditEvent', () => {
    const good = fhir(event());
    schemas.validateFhir(good);
    for (const bad of [
      { ...good, agent: undefined },
      { ...good, action: 'X' },
      { ...good, recorded: '2026-11-24' },
      { ...good, surplus: 1 },
      { ...good, outcomeDesc: '' },
      { ...good, contained: [] },
    ]) {
      expect(() => schemas.validateFhir(JSON.parse(JSON.stringify(bad)))).toThrow();
    }
  });
});

describe.each(EXAMPLES)('%s', (_, example, id, type) => {
  it('is a valid DICOM message of its kind', () => {
    const messages = dicomAuditMessages(example, SOURCE);
    expect(messages).toHaveLength(1);
    for (const message of messages) schemas.validateDicom(message);
    expect(valuesIn(example, '//EventID/@csd-code')).toEqual([id]);
    expect(valuesIn(example, '//EventTypeCode[@codeSystemName="DCM"]/@csd-code')).toEqual(type === null ? [] : [type]);
  });

  it('is a valid FHIR AuditEvent of its kind', () => {
    const resource = fhir(example);
    schemas.validateFhir(resource);
    expect(resource.type.code).toBe(id);
    expect(resource.id).toBe(`${CHAIN}-${example.record.position}`);
    expect(resource.source.observer.identifier.value).toBe('gateway.example');
  });

  it('keeps the hash and the position in every format', () => {
    const { hash, position } = example.record;
    expect(fromBase64(valuesIn(example, '//ParticipantObjectDetail[@type="Hash"]/@value')[0])).toBe(hash);
    expect(JSON.stringify(fhir(example))).toContain(hash);
    expect(JSON.parse(recordJson(example))).toMatchObject({ hash, position: Number(position) });
  });
});

describe('who, what and whose', () => {
  const read = EXAMPLES[0]?.[1] ?? event();

  it('names the reader, the study and the patient, and nothing more of the patient', () => {
    expect(valuesIn(read, '//ActiveParticipant[@UserIsRequestor="true"]/@UserID')).toEqual([
      'oidc:https://id.example#42',
    ]);
    expect(valuesIn(read, '//ActiveParticipant/@NetworkAccessPointID')).toEqual(['192.0.2.7']);
    expect(
      valuesIn(read, '//ParticipantObjectIdentification[@ParticipantObjectTypeCode="1"]/@ParticipantObjectID'),
    ).toEqual(['MRN-1^^^HOSPITAL']);
    expect(
      valuesIn(read, '//ParticipantObjectIdentification[@ParticipantObjectTypeCodeRole="3"]/@ParticipantObjectID'),
    ).toEqual(['1.2.3']);
    expect(valuesIn(read, '//SOPClass/Instance/@UID')).toEqual(['1.2.3.1.1']);
    const { entity } = fhir(read);
    expect(entity[0].what).toEqual({
      type: 'Patient',
      identifier: { value: 'MRN-1', assigner: { display: 'HOSPITAL' } },
    });
    expect(entity[1].what.identifier).toEqual({ system: 'urn:dicom:uid', value: 'urn:oid:1.2.3' });
  });

  it('says from where films came and where they went', () => {
    const ends = (what: string) => {
      const example = EXAMPLES.find(([name]) => name === what)?.[1] ?? event();
      const by = (code: string) => valuesIn(example, `//ActiveParticipant[RoleIDCode/@csd-code="${code}"]/@UserID`);
      return [by('110153'), by('110152'), valuesIn(example, '//@EventActionCode')].flat();
    };
    expect(ends('a film by C-STORE')).toEqual(['dicom:CR_ROOM1', 'gateway.example', 'C']);
    expect(ends('a study to be fetched')).toEqual(['dicom-node:PACS', 'gateway.example', 'E']);
    expect(ends('a study that was fetched')).toEqual(['dicom-node:PACS', 'gateway.example', 'R']);
    expect(ends('a study to be sent')).toEqual(['gateway.example', 'dicom-node:PACS', 'E']);
    expect(ends('a study that was sent')).toEqual(['gateway.example', 'dicom-node:PACS', 'R']);
    expect(ends('a search elsewhere')).toEqual(['gateway.example', 'dicom-node:PACS', 'E']);
  });

  it('marks break-glass and says why', () => {
    const opened = EXAMPLES.find(([what]) => what === 'a read by break-glass')?.[1] ?? event();
    expect(fromBase64(valuesIn(opened, '//ParticipantObjectDetail[@type="BreakGlassReason"]/@value')[0])).toBe(
      'unconscious <in> the "ER"',
    );
    expect(fhir(opened).purposeOfEvent.map((of: { coding: { code: string }[] }) => of.coding[0]?.code)).toEqual([
      'TREAT',
      'BTG',
    ]);
  });

  it('tells success, refusal and failure apart', () => {
    const outcomes = (overrides: Parameters<typeof event>[0]) => {
      const example = event(overrides, { patient });
      expect(fhir(example).outcome).toBe(valuesIn(example, '//@EventOutcomeIndicator')[0]);
      return fhir(example).outcome;
    };
    expect(outcomes({})).toBe('0');
    expect(outcomes({ outcome: 'DENIED', errorCode: 'FORBIDDEN' })).toBe('4');
    expect(outcomes({ outcome: 'FAILED', errorCode: 'DATABASE_UNAVAILABLE' })).toBe('8');
  });
});

describe('hostile and foreign texts', () => {
  const TEXTS = [
    '</AuditMessage><AuditMessage>&lt;&amp;"\'',
    '山田^太郎=ヤマダ^タロウ 山田\u3000太郎',
    'a\0b\u0001c\u001bd\u007fe\u0085f\ufffeg\ud800h',
    'tab\tline\nreturn\r',
    '\u3000',
    '',
    ']]><!--<?xml?>',
    '😀'.repeat(2000),
  ];

  it.each(TEXTS)('are carried or cleaned: %j', (text) => {
    const everywhere = event(
      {
        subject: text,
        displayName: text,
        sourceAddress: text,
        requestId: text,
        operation: text,
        purpose: text,
        errorCode: text,
        breakGlassId: randomUUID(),
        breakGlassReason: text,
        details: JSON.stringify({ text }),
      },
      {
        patient: { id: randomUUID(), mrn: text, issuer: text },
        studies: [{ ...study('1.2'), accessionNumber: text }],
        modelVersions: [text],
      },
    );
    for (const variant of [{}, { outcome: 'DENIED' as const }, { operation: `query remoteStudies ${text}` }]) {
      const example = { ...everywhere, record: { ...everywhere.record, ...variant } };
      for (const message of dicomAuditMessages(example, SOURCE)) {
        schemas.validateDicom(message);
        expect(message).not.toMatch(/[\r\n]/);
        using document = XmlDocument.fromString(message);
        expect(document.find('//AuditMessage')).toHaveLength(1);
      }
      schemas.validateFhir(fhir(example));
      expect(recordJson(example)).not.toMatch(/[\r\n]/);
    }
  });

  it('come out as they went in where XML can hold them', () => {
    for (const displayName of [TEXTS[0], TEXTS[1], TEXTS[3]] as string[]) {
      expect(valuesIn(event({ displayName }), '//ActiveParticipant[2]/@UserName')).toEqual([displayName]);
    }
  });

  it('of details that are no JSON do no harm', () => {
    const example = event({ details: '{"node":' }, { patient });
    for (const message of dicomAuditMessages(example, SOURCE)) schemas.validateDicom(message);
    schemas.validateFhir(fhir(example));
    expect(JSON.parse(recordJson(example)).details).toEqual({});
  });
});

describe('very large records', () => {
  it('become several messages below 32 KiB that together name every study', () => {
    const studies = Array.from({ length: 50 }, (_, index) => study(`1.2.840.99999.${'9'.repeat(40)}.${index}`, 200));
    const ids = Array.from({ length: 3000 }, () => randomUUID());
    const large = event(
      {
        inferenceIds: ids,
        findingIds: ids,
        displayName: '山'.repeat(5000),
        details: JSON.stringify({ long: 'x'.repeat(9000) }),
      },
      { patient, studies },
    );
    const messages = dicomAuditMessages(large, SOURCE);
    expect(messages.length).toBeGreaterThan(1);
    const named = messages.flatMap((message) => {
      schemas.validateDicom(message);
      expect(Buffer.byteLength(message)).toBeLessThan(32 * 1024);
      using document = XmlDocument.fromString(message);
      expect(document.find('//SOPClass/@NumberOfInstances').every((node) => node.content === '200')).toBe(true);
      return document.find(
        '//ParticipantObjectIdentification[@ParticipantObjectTypeCodeRole="3"]/@ParticipantObjectID',
      );
    });
    expect(named).toHaveLength(50);
    schemas.validateFhir(fhir(large));
  });
});

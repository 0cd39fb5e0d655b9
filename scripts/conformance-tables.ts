/** The tables of docs/dicom-conformance.md, made from the code that they speak of. */
import { describeSettings } from '../src/config.ts';
import { GATE_RULES } from '../src/dicom/gate-rules.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../src/dicom/implementation.ts';
import { formatStatus } from '../src/dicom/network/command-set.ts';
import { MAXIMUM_ASSOCIATE_BYTES, REJECTIONS } from '../src/dicom/network/pdu.ts';
import { STUDY_ATTRIBUTES } from '../src/dicom/network/query/study-query.ts';
import { roleOfSopClass } from '../src/dicom/sop-classes.ts';
import { READABLE_TRANSFER_SYNTAXES } from '../src/dicom/transfer-syntaxes.ts';
import { ANSWERED_STATUSES, COMMITMENT_FAILURES, PROVIDED_SOP_CLASSES, TIMERS } from '../src/dimse/conformance.ts';
import { ERROR_DEFINITIONS } from '../src/errors.ts';
import { ECHO_CONTEXTS } from '../src/nodes/dimse/echo.ts';
import { FIND_CONTEXTS } from '../src/nodes/dimse/find.ts';
import { GET_CONTEXTS } from '../src/nodes/dimse/get.ts';
import { MOVE_CONTEXTS } from '../src/nodes/dimse/move.ts';
import { storageContexts } from '../src/nodes/dimse/storage-contexts.ts';

type Cell = string | number;

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const READ_ROLES: Readonly<Record<string, string>> = {
  RADIOGRAPH: 'read when the gate allows',
  SECONDARY_CAPTURE: 'read with a warning when nothing speaks against it',
  OTHER_IMAGE: 'stored, never read',
};

function setting(name: string): Cell {
  const found = describeSettings().find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no setting ${name}.`);
  return found.preset;
}

/** Markdown by the name of its place in the document. */
export const CONFORMANCE_TABLES: Readonly<Record<string, () => string>> = {
  implementation: () =>
    table(
      ['item', 'value'],
      [
        ['Application context', '1.2.840.10008.3.1.1.1'],
        ['Implementation Class UID', IMPLEMENTATION_CLASS_UID],
        ['Implementation Version Name', IMPLEMENTATION_VERSION_NAME],
        ['AE title (DIMSE_AE_TITLE)', setting('DIMSE_AE_TITLE')],
        ['Port (DIMSE_PORT)', setting('DIMSE_PORT')],
        ['Associations at once (DIMSE_MAX_ASSOCIATIONS)', setting('DIMSE_MAX_ASSOCIATIONS')],
        ['Longest PDU taken, bytes (DIMSE_MAX_PDU_BYTES)', setting('DIMSE_MAX_PDU_BYTES')],
        ['Longest association request taken, bytes', MAXIMUM_ASSOCIATE_BYTES],
        ['Longest data set taken, bytes (DICOM_MAX_FILE_BYTES)', setting('DICOM_MAX_FILE_BYTES')],
        ['Operations at once on an association', 1],
      ],
    ),
  'provided-sop-classes': () =>
    table(
      ['SOP class', 'UID', 'service', 'what becomes of its objects'],
      PROVIDED_SOP_CLASSES.map(({ name, uid, service }) => [
        name,
        uid,
        service,
        service === 'STORAGE' ? (READ_ROLES[roleOfSopClass(uid)] ?? '') : '',
      ]),
    ),
  'transfer-syntaxes': () =>
    table(
      ['transfer syntax', 'UID', 'pixels'],
      READABLE_TRANSFER_SYNTAXES.map(({ name, uid, lossless }) => [name, uid, lossless ? 'exact' : 'lossy or exact']),
    ),
  statuses: () =>
    table(
      ['status', 'answer to', 'when'],
      ANSWERED_STATUSES.map(({ status, service, when }) => [formatStatus(status), service, when]),
    ),
  'error-codes': () =>
    table(
      ['status of C-STORE', 'codes in Error Comment (0000,0902)'],
      [...Map.groupBy(Object.entries(ERROR_DEFINITIONS), ([, { dicomStatus }]) => dicomStatus)].map(
        ([status, codes]) => [formatStatus(status), codes.map(([code]) => `\`${code}\``).join(', ')],
      ),
    ),
  'commitment-failures': () =>
    table(
      ['Failure Reason (0008,1197)', 'name'],
      Object.entries(COMMITMENT_FAILURES).map(([name, reason]) => [formatStatus(reason), name]),
    ),
  rejections: () =>
    table(
      ['rejection', 'result', 'source', 'reason'],
      Object.entries(REJECTIONS).map(([name, { result, source, reason }]) => [name, result, source, reason]),
    ),
  timers: () =>
    table(
      ['setting', 'preset, ms', 'ends'],
      TIMERS.map(({ setting: name, ends }) => [name, setting(name), ends]),
    ),
  'used-sop-classes': () =>
    table(
      ['service', 'UID', 'role', 'transfer syntaxes proposed'],
      [
        ...(
          [
            ['Verification (C-ECHO)', ECHO_CONTEXTS],
            ['Study Root Query (C-FIND)', FIND_CONTEXTS],
            ['Study Root Retrieve by C-MOVE', MOVE_CONTEXTS],
            ['Study Root Retrieve by C-GET', GET_CONTEXTS.slice(0, 1)],
          ] as const
        ).flatMap(([service, contexts]) =>
          contexts.map(({ abstractSyntax, transferSyntaxes }) => [
            service,
            abstractSyntax,
            'SCU',
            transferSyntaxes.join(', '),
          ]),
        ),
        [
          'Storage within C-GET',
          `${new Set(storageContexts().map(({ abstractSyntax }) => abstractSyntax)).size} image classes above`,
          'SCP',
          'those above',
        ],
        ['Storage (C-STORE)', 'those of the films to be sent', 'SCU', 'the one that the film is stored in'],
      ],
    ),
  'query-keys': () =>
    table(
      ['attribute', 'tag', 'VR'],
      Object.entries(STUDY_ATTRIBUTES).map(([name, [tag, vr]]) => [
        name,
        `(${tag.slice(0, 4)},${tag.slice(4)})`.toUpperCase(),
        vr,
      ]),
    ),
  'gate-rules': () =>
    table(
      ['rule', 'effect', 'can be changed'],
      Object.entries(GATE_RULES).map(([name, rule]) => [
        `\`${name}\``,
        rule.effect === 'EXCLUDE' ? 'not read' : 'read with the warning',
        'fixed' in rule ? 'no' : 'yes',
      ]),
    ),
};

const PLACE = /<!-- table: ([a-z-]+) -->\n[\s\S]*?<!-- end -->/g;

/**
 * The document with its tables made anew.
 *
 * @throws Error for a place without a table, or a table without a place
 */
export function withTables(document: string): string {
  const placed = new Set<string>();
  const made = document.replace(PLACE, (_, name: string) => {
    const make = CONFORMANCE_TABLES[name];
    if (make === undefined) throw new Error(`There is no table ${name}.`);
    placed.add(name);
    return `<!-- table: ${name} -->\n${make()}\n<!-- end -->`;
  });
  const missing = Object.keys(CONFORMANCE_TABLES).filter((name) => !placed.has(name));
  if (missing.length > 0) throw new Error(`No place for ${missing.join(', ')}.`);
  return made;
}

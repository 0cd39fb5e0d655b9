/** A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 sections 9.3.2 and 9.3.3, PS3.7 annex D.3). */
import { contentFrom, decodeText, decodeUid, encodeItem, type Item, itemsOf } from './item-reader.ts';
import { MalformedPdu } from './malformed-pdu.ts';
import { PDU, PDU_HEADER_BYTES } from './pdu.ts';
import { decodeUserInformation, encodeUserInformation, type UserInformation } from './user-information.ts';

/** PS3.7 annex A.2.1: DICOM Application Context Name. */
export const DICOM_APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';

/** A presentation context of a request, as it came. */
export interface RequestedContext {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** What becomes of a requested context (PS3.8 table 9-18). */
export const CONTEXT_RESULTS = {
  ACCEPTANCE: 0,
  USER_REJECTION: 1,
  NO_REASON: 2,
  ABSTRACT_SYNTAX_NOT_SUPPORTED: 3,
  TRANSFER_SYNTAXES_NOT_SUPPORTED: 4,
} as const;

/** A presentation context of an answer. */
export interface AnsweredContext {
  readonly id: number;
  /** See {@link CONTEXT_RESULTS}. */
  readonly result: number;
  /** Means nothing unless the result is acceptance. */
  readonly transferSyntax: string;
}

interface AssociatePdu<Context> {
  readonly calledAeTitle: string;
  readonly callingAeTitle: string;
  readonly applicationContext: string;
  readonly contexts: readonly Context[];
  readonly user: UserInformation;
}

/** Content of A-ASSOCIATE-RQ. */
export interface AssociateRequest extends AssociatePdu<RequestedContext> {
  /** Bit 0 set: version 1, the only one. */
  readonly protocolVersion: number;
}

/** Content of A-ASSOCIATE-AC. */
export type AssociateAccept = AssociatePdu<AnsweredContext>;

const PROTOCOL_VERSION = 1;
const AE_TITLE_BYTES = 16;
/** Version, reserved, both titles, reserved. */
const FIXED_BYTES = 68;
const [CALLED_AT, CALLING_AT] = [4, 20];

const ITEM = {
  APPLICATION_CONTEXT: 0x10,
  REQUESTED_CONTEXT: 0x20,
  ANSWERED_CONTEXT: 0x21,
  ABSTRACT_SYNTAX: 0x30,
  TRANSFER_SYNTAX: 0x40,
  USER_INFORMATION: 0x50,
} as const;

/** Context IDs are the odd numbers of a byte. */
const MAXIMUM_CONTEXTS = 128;
/** Contexts, application context, user information, and a few that are not known. */
const MAXIMUM_ITEMS = MAXIMUM_CONTEXTS + 16;
/** PS3.6 lists about 60 transfer syntaxes. */
const MAXIMUM_SYNTAXES = 128;

/** @throws MalformedPdu when the content is not an A-ASSOCIATE-RQ */
export function decodeAssociateRequest(content: Buffer): AssociateRequest {
  const pdu = decodeAssociate(content, ITEM.REQUESTED_CONTEXT, decodeRequestedContext);
  return { protocolVersion: content.readUInt16BE(), ...pdu };
}

/** @throws MalformedPdu when the content is not an A-ASSOCIATE-AC */
export function decodeAssociateAccept(content: Buffer): AssociateAccept {
  return decodeAssociate(content, ITEM.ANSWERED_CONTEXT, decodeAnsweredContext);
}

function decodeAssociate<Context extends { readonly id: number }>(
  content: Buffer,
  contextType: number,
  decodeContext: (content: Buffer) => Context,
): AssociatePdu<Context> {
  let applicationContext: string | undefined;
  let user: UserInformation | undefined;
  const contexts = new Map<number, Context>();
  for (const item of itemsOf(contentFrom(content, FIXED_BYTES), MAXIMUM_ITEMS)) {
    if (item.type === ITEM.APPLICATION_CONTEXT) applicationContext = decodeUid(item.content);
    else if (item.type === ITEM.USER_INFORMATION) user = decodeUserInformation(item.content);
    else if (item.type === contextType) {
      const context = decodeContext(item.content);
      if (contexts.has(context.id)) throw invalid('Two presentation contexts have one ID.');
      contexts.set(context.id, context);
    }
    // Items of other types are left alone (PS3.8 section 9.3.1).
  }
  if (applicationContext === undefined || user === undefined) {
    throw invalid('An association PDU has no application context or no user information.');
  }
  return {
    calledAeTitle: decodeText(content.subarray(CALLED_AT, CALLED_AT + AE_TITLE_BYTES)),
    callingAeTitle: decodeText(content.subarray(CALLING_AT, CALLING_AT + AE_TITLE_BYTES)),
    applicationContext,
    contexts: [...contexts.values()],
    user,
  };
}

function decodeRequestedContext(content: Buffer): RequestedContext {
  const items = syntaxesOf(content);
  const abstractSyntaxes = items.filter(({ type }) => type === ITEM.ABSTRACT_SYNTAX);
  const transferSyntaxes = items.filter(({ type }) => type === ITEM.TRANSFER_SYNTAX);
  const abstractSyntax = abstractSyntaxes[0];
  if (abstractSyntax === undefined || abstractSyntaxes.length > 1 || transferSyntaxes.length === 0) {
    throw invalid('A presentation context needs one abstract syntax and at least one transfer syntax.');
  }
  return {
    id: contextIdOf(content),
    abstractSyntax: decodeUid(abstractSyntax.content),
    transferSyntaxes: transferSyntaxes.map(({ content: syntax }) => decodeUid(syntax)),
  };
}

function decodeAnsweredContext(content: Buffer): AnsweredContext {
  const syntax = syntaxesOf(content).find(({ type }) => type === ITEM.TRANSFER_SYNTAX);
  const result = content.readUInt8(2);
  if (syntax === undefined && result === CONTEXT_RESULTS.ACCEPTANCE) {
    throw invalid('An accepted presentation context has no transfer syntax.');
  }
  return { id: contextIdOf(content), result, transferSyntax: syntax === undefined ? '' : decodeUid(syntax.content) };
}

function syntaxesOf(content: Buffer): Item[] {
  return [...itemsOf(contentFrom(content, 4), MAXIMUM_SYNTAXES)];
}

function contextIdOf(content: Buffer): number {
  const id = content.readUInt8();
  if (id % 2 === 0) throw invalid('A presentation context has an even ID.');
  return id;
}

function invalid(problem: string): MalformedPdu {
  return new MalformedPdu('INVALID_PARAMETER', problem);
}

/** What both association PDUs are built from. */
type Outgoing<Context> = Omit<AssociatePdu<Context>, 'applicationContext'>;

/** Encodes A-ASSOCIATE-RQ. */
export function encodeAssociateRequest(request: Outgoing<RequestedContext>): Buffer {
  const contexts = request.contexts.map(({ id, abstractSyntax, transferSyntaxes }) =>
    encodeItem(
      ITEM.REQUESTED_CONTEXT,
      Uint8Array.of(id, 0, 0, 0),
      encodeItem(ITEM.ABSTRACT_SYNTAX, Buffer.from(abstractSyntax, 'latin1')),
      ...transferSyntaxes.map((syntax) => encodeItem(ITEM.TRANSFER_SYNTAX, Buffer.from(syntax, 'latin1'))),
    ),
  );
  return encodeAssociate(PDU.ASSOCIATE_RQ, request, contexts);
}

/** Encodes A-ASSOCIATE-AC. */
export function encodeAssociateAccept(accept: Outgoing<AnsweredContext>): Buffer {
  const contexts = accept.contexts.map(({ id, result, transferSyntax }) =>
    encodeItem(
      ITEM.ANSWERED_CONTEXT,
      Uint8Array.of(id, 0, result, 0),
      encodeItem(ITEM.TRANSFER_SYNTAX, Buffer.from(transferSyntax, 'latin1')),
    ),
  );
  return encodeAssociate(PDU.ASSOCIATE_AC, accept, contexts);
}

function encodeAssociate(type: number, pdu: Outgoing<unknown>, contexts: readonly Buffer[]): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt16BE(PROTOCOL_VERSION);
  for (const [title, at] of [
    [pdu.calledAeTitle, CALLED_AT],
    [pdu.callingAeTitle, CALLING_AT],
  ] as const) {
    fixed.fill(0x20, at, at + AE_TITLE_BYTES);
    fixed.write(title.slice(0, AE_TITLE_BYTES), at, 'latin1');
  }
  const items = [
    encodeItem(ITEM.APPLICATION_CONTEXT, Buffer.from(DICOM_APPLICATION_CONTEXT, 'latin1')),
    ...contexts,
    encodeItem(ITEM.USER_INFORMATION, encodeUserInformation(pdu.user)),
  ];
  const content = Buffer.concat([fixed, ...items]);
  const header = Buffer.alloc(PDU_HEADER_BYTES);
  header.writeUInt8(type);
  header.writeUInt32BE(content.length, 2);
  return Buffer.concat([header, content]);
}

/** Who may associate, and for what (PS3.8 section 7.1, PS3.7 annex D). */
import type { AcceptorPolicy, ContextDecision } from '../dicom/network/acceptor.ts';
import type { AssociateRequest, RequestedContext } from '../dicom/network/associate-pdu.ts';
import type { Role } from '../dicom/network/association.ts';
import { type CertificateRule, fitsCertificate, type ShownCertificate } from '../dicom/network/client-certificate.ts';
import { REJECTIONS, type Rejection } from '../dicom/network/pdu.ts';
import { PROVIDED_SOP_CLASSES } from './conformance.ts';

/** What negotiation depends on. */
export interface NegotiationOptions {
  readonly aeTitle: string;
  /** AE titles of known nodes, with the certificate that each must show. */
  readonly knownCallers: ReadonlyMap<string, CertificateRule | undefined>;
  readonly acceptUnknownCallers: boolean;
  /** Whether one more association may be held. */
  readonly hasRoom: () => boolean;
}

const PROVIDED = new Map(PROVIDED_SOP_CLASSES.map((sopClass) => [sopClass.uid, sopClass]));

/**
 * Strangers are told so for good before they learn whether there is room; so is whoever takes the AE title of a node and does
 * not show its certificate.
 *
 * @param certificate - that the peer has shown
 */
export function negotiation(options: NegotiationOptions, certificate: ShownCertificate | undefined): AcceptorPolicy {
  return { judge: (request) => judge(request, options, certificate), judgeContext };
}

function judge(
  { calledAeTitle, callingAeTitle }: AssociateRequest,
  options: NegotiationOptions,
  certificate: ShownCertificate | undefined,
): Rejection | undefined {
  if (calledAeTitle !== options.aeTitle) return REJECTIONS.CALLED_AE_TITLE_NOT_RECOGNIZED;
  if (!options.acceptUnknownCallers && !options.knownCallers.has(callingAeTitle)) {
    return REJECTIONS.CALLING_AE_TITLE_NOT_RECOGNIZED;
  }
  const rule = options.knownCallers.get(callingAeTitle);
  if (rule !== undefined && !fitsCertificate(rule, certificate)) return REJECTIONS.CALLING_AE_TITLE_NOT_RECOGNIZED;
  return options.hasRoom() ? undefined : REJECTIONS.LOCAL_LIMIT_EXCEEDED;
}

function judgeContext(
  { abstractSyntax, transferSyntaxes }: RequestedContext,
  proposed: Role | undefined,
): ContextDecision {
  const provided = PROVIDED.get(abstractSyntax);
  if (provided === undefined) return { refused: 'ABSTRACT_SYNTAX_NOT_SUPPORTED' };
  const transferSyntax = transferSyntaxes.find((uid) => provided.transferSyntaxes.includes(uid));
  if (transferSyntax === undefined) return { refused: 'TRANSFER_SYNTAXES_NOT_SUPPORTED' };
  // The door is the provider of everything; a role that was not proposed cannot be given (PS3.7 D.3.3.4).
  return { transferSyntax, ...(proposed === undefined ? {} : { role: { scu: proposed.scu, scp: false } }) };
}

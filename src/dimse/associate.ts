/** From a connection to the session of its association, or to the end of what was asked for. */
import type { Socket } from 'node:net';
import type { Identity } from '../access/identity.ts';
import { identityOfNode } from '../access/node-identity.ts';
import { type AcceptorPolicy, acceptAssociation } from '../dicom/network/acceptor.ts';
import type { AssociationLimits } from '../dicom/network/association.ts';
import { type ShownCertificate, shownCertificate } from '../dicom/network/client-certificate.ts';
import type { DicomNode } from '../dicom/network/node.ts';
import { describeRejection } from '../dicom/network/pdu.ts';
import { toGatewayError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type NegotiationOptions, negotiation } from './negotiation.ts';
import { Session, type SessionServices } from './session.ts';

/** What associations are made with; the same for all of a door. */
export interface AssociateOptions extends Omit<SessionServices, 'address' | 'identity'> {
  readonly limits: AssociationLimits;
  readonly negotiation: NegotiationOptions;
  readonly nodes: readonly DicomNode[];
  readonly log: Log;
  /** Called once an association request with how it ended; for metrics. */
  readonly onAssociation?: ((outcome: 'accepted' | 'rejected' | 'failed') => void) | undefined;
}

/** The peer's place among the associations of the door. */
export interface AssociationPlace {
  /** Called in the very step in which the request is judged: of two that are judged one after the other only one gets the last place. */
  take(): void;
  /** Called when the association does not come about after all. */
  giveBack(): void;
}

/**
 * Waits for the association request and answers it.
 *
 * @param address - IP address of the peer
 * @returns the session; its place is taken, and whoever serves it gives the place back. Undefined when there is no association
 */
export async function associate(
  socket: Socket,
  address: string,
  place: AssociationPlace,
  options: AssociateOptions,
): Promise<Session | undefined> {
  const { limits, nodes, log, onAssociation } = options;
  const certificate = shownCertificate(socket);
  const negotiated = negotiation(options.negotiation, certificate);
  const policy: AcceptorPolicy = {
    ...negotiated,
    judge: (request) => {
      const rejection = negotiated.judge(request);
      if (rejection === undefined) place.take();
      return rejection;
    },
  };
  try {
    const answer = await acceptAssociation(socket, limits, policy);
    if ('association' in answer) {
      onAssociation?.('accepted');
      const identity = identityOf(answer.association.callingAeTitle, nodes, certificate);
      return new Session(answer.association, { ...options, address, identity });
    }
    onAssociation?.('rejected');
    const { request, rejection } = answer.refused;
    const { callingAeTitle, calledAeTitle } = request;
    log.warn('dimse.rejected', { callingAeTitle, calledAeTitle, address, reason: describeRejection(rejection) });
  } catch (error) {
    onAssociation?.('failed');
    place.giveBack();
    log.debug('dimse.no-association', { address, reason: toGatewayError(error).message });
  }
  return undefined;
}

function identityOf(
  callingAeTitle: string,
  nodes: readonly DicomNode[],
  certificate: ShownCertificate | undefined,
): Identity {
  const node = nodes.find(({ dimse }) => dimse?.aeTitle === callingAeTitle);
  return identityOfNode({ callingAeTitle, name: node?.name, certificate });
}

/** Associations with a node, under the gateway's own AE title. */
import type {
  AcceptedContext,
  Association,
  AssociationLimits,
  DimseMessage,
  ProposedContext,
} from '../../dicom/network/association.ts';
import type { CommandSet } from '../../dicom/network/command-set.ts';
import type { DimseAddress } from '../../dicom/network/node.ts';
import { requestAssociation } from '../../dicom/network/requestor.ts';
import { GatewayError } from '../../errors.ts';
import { type OwnCertificate, readTlsMaterial } from '../tls-files.ts';

/** How the gateway presents itself on the DICOM network. */
export interface DimseIdentity {
  readonly callingAeTitle: string;
  readonly limits: AssociationLimits;
  /** Own certificate, for nodes that ask for one. */
  readonly tls: OwnCertificate | undefined;
}

/** A node that can be called. */
export type CallableAddress = DimseAddress & { readonly host: string };

/** @throws GatewayError DICOM_NODE_UNREACHABLE, DICOM_ASSOCIATION_REJECTED, CONFIG_INVALID for certificates that cannot be used */
export async function associate(
  address: CallableAddress,
  identity: DimseIdentity,
  contexts: readonly ProposedContext[],
  signal?: AbortSignal,
): Promise<Association> {
  return requestAssociation({
    host: address.host,
    port: address.port,
    calledAeTitle: address.aeTitle,
    callingAeTitle: identity.callingAeTitle,
    contexts,
    tls: address.tls ? await readTlsMaterial(address.caFile, identity.tls) : undefined,
    limits: identity.limits,
    signal,
  });
}

/**
 * Runs `use` on an association and releases it; an association on which something failed is aborted, since nobody knows
 * where its peer stands.
 */
export async function withAssociation<T>(
  opening: Association | Promise<Association>,
  use: (association: Association) => Promise<T>,
): Promise<T> {
  const association = await opening;
  let result: T;
  try {
    result = await use(association);
  } catch (error) {
    association.abort();
    throw error;
  }
  await association.release();
  return result;
}

/** The accepted context of a SOP class. @throws GatewayError DICOM_NODE_REFUSED when the node accepted none */
export function contextOf({ contexts }: Association, abstractSyntax: string, service: string): AcceptedContext {
  const context = contexts.find((one) => one.abstractSyntax === abstractSyntax);
  if (context === undefined) throw new GatewayError('DICOM_NODE_REFUSED', `The node does not offer ${service}.`);
  return context;
}

/**
 * The next message of an exchange.
 *
 * @throws GatewayError DICOM_NODE_FAILED when the node has ended the association before its last answer
 */
export async function nextMessage(association: Association): Promise<DimseMessage> {
  const message = await association.receive();
  if (message === null) throw failed('released the association before it had answered');
  return message;
}

/** @throws GatewayError DICOM_NODE_FAILED unless the command is the answer to the request with this message id */
export function requireAnswer(command: CommandSet, commandField: number, messageId: number): number {
  if (command.commandField !== commandField || command.messageIdBeingRespondedTo !== messageId) {
    throw failed('answered with another message than the one that was due');
  }
  if (command.status === undefined) throw failed('answered without a status');
  return command.status;
}

function failed(what: string): GatewayError {
  return new GatewayError('DICOM_NODE_FAILED', `The node ${what}.`);
}

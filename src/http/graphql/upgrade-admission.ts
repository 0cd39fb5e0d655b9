/** Which upgrade requests become WebSockets. */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import { clientAddress, proxiesOf } from '../client-address.ts';
import { UnprovedSockets } from './unproved-sockets.ts';

/** A request that may become a WebSocket. */
export interface UpgradeAdmission {
  /** Where it comes from, behind our proxies. */
  readonly address: string | null;
  /** To be called once the peer has proved itself, and when its connection is gone. */
  readonly proved: () => void;
}

/** A request that may not. */
export interface UpgradeRefusal {
  readonly refused: GatewayError;
  /** HTTP status. */
  readonly status: number;
}

/** The endpoint at the moment of the request. */
export interface EndpointState {
  readonly closing: boolean;
  /** WebSockets that are open. */
  readonly connections: number;
}

/** Decides about one request after another. */
export type AdmitUpgrade = (request: IncomingMessage, state: EndpointState) => UpgradeAdmission | UpgradeRefusal;

/**
 * The conditions in their order: the gateway stays, MAX_SUBSCRIPTIONS, the page's origin, and last, as it counts the request in,
 * how many of its address have not proved themselves yet.
 */
export function upgradeAdmission({ http, subscriptions }: Pick<Config, 'http' | 'subscriptions'>): AdmitUpgrade {
  const { maxConnections } = subscriptions;
  const isProxy = proxiesOf(http.trustedProxies);
  const unproved = new UnprovedSockets(maxConnections);
  return (request, { closing, connections }) => {
    if (closing) return refusal(new GatewayError('SHUTTING_DOWN', 'The gateway is shutting down.'));
    if (connections >= maxConnections) {
      return refusal(new GatewayError('BUSY', `MAX_SUBSCRIPTIONS (${maxConnections}) are connected.`));
    }
    if (!mayConnect(request, http.corsOrigins)) {
      return refusal(new GatewayError('BAD_REQUEST', 'Pages of another origin may not connect.'), 403);
    }
    const address = clientAddress(request, isProxy);
    const proved = unproved.admit(address);
    if (proved === undefined) {
      return refusal(new GatewayError('BUSY', 'Too many connections of this address say not who they are.'));
    }
    return { address, proved };
  };
}

function refusal(refused: GatewayError, status: number = refused.status): UpgradeRefusal {
  return { refused, status };
}

/**
 * Browsers let every page open WebSockets to any host, and hold no answer back as they do for HTTP without CORS: a page
 * on the internet could read a hospital's findings through the browser of somebody inside. Programs send no Origin.
 *
 * @param origins - other origins whose pages may connect
 */
function mayConnect({ headers }: IncomingMessage, origins: readonly string[]): boolean {
  if (headers.origin === undefined || origins.includes(headers.origin)) return true;
  return URL.parse(headers.origin)?.host === headers.host?.toLowerCase();
}

/** Which network address a request comes from, where reverse proxies stand in front. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Says of an address whether it is one of our proxies. */
export type IsProxy = (address: string) => boolean;

/** @param list - addresses, and networks as `10.0.0.0/8`, each well formed */
export function proxiesOf(list: readonly string[]): IsProxy {
  const proxies = new BlockList();
  for (const entry of list) {
    const [address = '', prefix] = entry.split('/');
    if (prefix === undefined) proxies.addAddress(address, familyOf(address));
    else proxies.addSubnet(address, Number(prefix), familyOf(address));
  }
  return (address) => {
    const plain = withoutMapping(address);
    return isIP(plain) !== 0 && proxies.check(plain, familyOf(plain));
  };
}

/**
 * The address that the last of our proxies saw. What a client writes into X-Forwarded-For itself lies before that, and is
 * not believed.
 */
export function clientAddress({ headers, socket }: IncomingMessage, isProxy: IsProxy): string | null {
  const forwarded = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  let address = socket.remoteAddress ?? null;
  while (address !== null && isProxy(address)) {
    const before = forwarded.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/**
 * The same of a request, whose addresses Fastify has followed back. A proxy that writes something else than an address, such as one
 * with a port, would give each connection an address of its own: then the proxy's counts.
 */
export function addressOf({ ip, ips = [] }: Pick<FastifyRequest, 'ip' | 'ips'>): string | null {
  return [ip, ...ips.toReversed()].find((address) => isIP(address.split('%')[0] ?? '') !== 0) ?? null;
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function withoutMapping(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

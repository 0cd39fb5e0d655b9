/** The lists of origins and of networks that the HTTP server is told to trust. */
import { isIP } from 'node:net';
import { listOf } from './settings.ts';

/**
 * Origins are compared as text, so they must be written as browsers send them (RFC 6454 section 6.2).
 *
 * @param text - value of CORS_ORIGINS
 */
export function parseOrigins(text: string): {
  readonly origins: readonly string[];
  readonly problems: readonly string[];
} {
  const origins = listOf(text);
  const wrong = origins.filter((origin) => !/^https?:[^*]+$/.test(origin) || URL.parse(origin)?.origin !== origin);
  return {
    origins,
    problems: wrong.map(
      (origin) => `${origin} is no origin: write scheme, host and port alone, as https://ris.example`,
    ),
  };
}

/**
 * IPv4 and IPv6 addresses, alone or with the length of a prefix (RFC 4632 section 3.1, RFC 4291 section 2.3).
 *
 * @param text - value of TRUSTED_PROXIES
 */
export function parseNetworks(text: string): {
  readonly networks: readonly string[];
  readonly problems: readonly string[];
} {
  const networks = listOf(text);
  const wrong = networks.filter((network) => {
    const [address = '', prefix, ...more] = network.split('/');
    const longest = isIP(address) === 6 ? 128 : 32;
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest);
    return isIP(address) === 0 || !fits || more.length > 0;
  });
  return { networks, problems: wrong.map((network) => `${network} is neither an address nor a network`) };
}

/** What a command shows to a running gateway. Never an argument: other accounts of the machine could read it there. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { GatewayError } from '../errors.ts';

/**
 * @param file - first line: an access token or an API key; undefined: CXR_GATEWAY_TOKEN
 * @returns undefined when there is none, for gateways that want none
 * @throws GatewayError CONFIG_INVALID when the file cannot be read or holds none
 */
export async function readCredential(
  file: string | undefined,
  { gatewayToken }: Pick<Config, 'gatewayToken'>,
): Promise<string | undefined> {
  if (file === undefined) return gatewayToken;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('CONFIG_INVALID', `The token file ${file} cannot be read.`, {}, { cause });
  });
  const credential = text.split(/\r?\n/)[0]?.trim() ?? '';
  if (/^[\w.~+/=-]+$/.test(credential)) return credential;
  throw new GatewayError('CONFIG_INVALID', `The token file ${file} must hold a token or an API key in its first line.`);
}

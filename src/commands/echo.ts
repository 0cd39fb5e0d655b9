/** `echo`: whether a node answers. */
import { loadConfig } from '../config.ts';
import { GatewayError, toGatewayError } from '../errors.ts';
import { clientsOf, nodeClientOptions } from '../nodes/node-clients.ts';
import { findTarget, type TargetOptions } from './node-target.ts';
import { print } from './output.ts';

/** Asks by every protocol that the node is known to speak. @throws GatewayError of the first that fails */
export async function runEcho(named: string, options: TargetOptions): Promise<void> {
  const config = loadConfig({ DIMSE_AE_TITLE: options.calling });
  const node = await findTarget(named, options, config);
  const clients = clientsOf(node, nodeClientOptions(config));
  if (clients.length === 0) throw new GatewayError('DICOM_NODE_UNKNOWN', `The node ${named} only sends.`);
  let failure: GatewayError | undefined;
  for (const client of clients) {
    const began = performance.now();
    try {
      await client.echo(AbortSignal.timeout(config.transfers.queryTimeoutMs));
      print(`${client.protocol}: answers after ${(performance.now() - began).toFixed(0)} ms`);
    } catch (error) {
      const coded = toGatewayError(error);
      print(`${client.protocol}: ${coded.code}`);
      failure ??= coded;
    }
  }
  if (failure !== undefined) throw failure;
}

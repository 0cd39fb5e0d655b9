/** Which version of the gateway runs. */
import { createRequire } from 'node:module';

/** Version of package.json, which lies one folder above src and dist alike. */
export const GATEWAY_VERSION: string = createRequire(import.meta.url)('../package.json').version;

/** Makes the table of costs in docs/api.md anew from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { withCostTable } from './operation-cost-table.ts';

const path = resolve(import.meta.dirname, '..', 'docs', 'api.md');
writeFileSync(path, withCostTable(readFileSync(path, 'utf8')));

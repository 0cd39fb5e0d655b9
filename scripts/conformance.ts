/** Makes the tables of docs/dicom-conformance.md anew from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { withTables } from './conformance-tables.ts';

const path = resolve(import.meta.dirname, '..', 'docs', 'dicom-conformance.md');
writeFileSync(path, withTables(readFileSync(path, 'utf8')));

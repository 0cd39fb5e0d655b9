/** The report on paper, by the print of a browser. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { anonymousCaller } from '../../src/access/caller.ts';
import { ModelReports } from '../../src/report/model-reports.ts';
import { openTestStore } from '../support/store.ts';
import { SINCE, seedVersions, UNTIL } from './seed.ts';

const run = promisify(execFile);

const installed = (names: readonly string[]) =>
  names.map((name) => join('/usr/bin', name)).find((path) => existsSync(path));
const browser = installed(['chromium', 'chromium-browser', 'google-chrome']);
const pdftotext = installed(['pdftotext']);

describe.skipIf(browser === undefined)('printed (needs chromium)', () => {
  it('is a tagged PDF of many pages, with its title and its texts', async () => {
    await using database = await openTestStore();
    const { store } = database;
    const { active } = await seedVersions(store);
    const reports = new ModelReports({ store, drift: { psi: 0.25, minimumFilms: 100 } });
    const { html } = await reports.make(anonymousCaller('request-1'), reports.plan(active, SINCE, UNTIL), 'print test');
    const folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-report-'));
    try {
      const [page, printed] = [join(folder, 'report.html'), join(folder, 'report.pdf')];
      await writeFile(page, html);
      const settings = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`];
      await run(browser ?? '', [...settings, '--no-pdf-header-footer', `--print-to-pdf=${printed}`, `file://${page}`]);
      const pdf = await readFile(printed);
      const text = pdf.toString('latin1');
      expect(text.slice(0, 5)).toBe('%PDF-');
      expect(text.match(/\/Type \/Page\b/g)?.length).toBeGreaterThan(9);
      expect(text).toContain('/Title (Audit report of chexnet-demo 1.1.0, ');
      expect(text).toContain('/StructTreeRoot');
      expect(text).toContain('/Lang (en)');
      if (pdftotext === undefined) return;
      const { stdout } = await run(pdftotext, ['-layout', printed, '-'], { maxBuffer: 16 * 1024 * 1024 });
      for (const words of ['9 What this report does not say', 'Approved by the quality board', 'Figure 11', '1 of ']) {
        expect(stdout).toContain(words);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

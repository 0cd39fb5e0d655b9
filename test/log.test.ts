import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog } from '../src/log.ts';

function written(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const stream = new PassThrough();
  write(createLog('info', stream));
  return JSON.parse(String(stream.read()));
}

describe('the log', () => {
  it('writes events with their fields', () => {
    expect(written((log) => log.info('ingest.stored', { bytes: 5 }))).toMatchObject({
      event: 'ingest.stored',
      bytes: 5,
      level: 30,
    });
  });

  it('never writes the message of a foreign error, which may quote patient data', () => {
    const cause = new TypeError('value DOE^JANE is not valid');
    const line = written((log) => log.error('ingest.failed', {}, cause));
    expect(line).toMatchObject({ error: { errorType: 'TypeError' } });
    expect(JSON.stringify(line)).not.toContain('DOE^JANE');
  });
});

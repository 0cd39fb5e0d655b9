/** Commands whose output goes into a real pipe, as a shell makes it. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MAIN = resolve(import.meta.dirname, '..', '..', 'dist', 'main.js');

/** Of a command whose reader has ended before it prints. */
async function unread(...args: readonly string[]): Promise<{ readonly status: string; readonly stderr: string }> {
  // Without an index, PIPESTATUS is that of its first command.
  const script = '"$@" | true; echo "$PIPESTATUS"';
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, 'bash', process.execPath, MAIN, ...args]);
  return { status: stdout.trim(), stderr };
}

describe('a command that nobody reads any more', () => {
  it.each([[['settings']], [['--help']], [['model', 'list']], [['model', 'show', 'chexnet-demo']]])(
    'ends quietly: %j',
    async (args) => {
      expect(await unread(...args)).toEqual({ status: '0', stderr: '' });
    },
  );

  it('has the exit status of what it did', async () => {
    expect(await unread('model', 'show', 'nothing')).toMatchObject({ status: '1' });
  });
});

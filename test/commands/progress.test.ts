import { describe, expect, test } from 'vitest';
import { Progress } from '../../src/commands/progress.ts';

function drawn(isTTY: boolean, steps: (progress: Progress) => void): string {
  let text = '';
  const write = (part: string) => {
    text += part;
    return true;
  };
  const stream = { isTTY, write } as unknown as NodeJS.WriteStream;
  steps(new Progress('reading', 'films', stream));
  return text;
}

describe('Progress', () => {
  test('a line a tenth where no person looks', () => {
    const text = drawn(false, (progress) => {
      for (let done = 1; done <= 200; done++) progress.update(done, 200);
      progress.end();
    });
    expect(text.split('\n')).toHaveLength(11);
    expect(text).toContain('reading: 20 of 200 films\n');
    expect(text.endsWith('reading: 200 of 200 films\n')).toBe(true);
  });

  test('a bar that gives way to lines where one does', () => {
    const text = drawn(true, (progress) => {
      progress.update(100, 100);
      progress.line('not read: x.png');
      progress.end();
    });
    expect(text).toContain(`${'█'.repeat(30)} 100 of 100 films`);
    expect(text.endsWith('\r\u001b[Knot read: x.png\n')).toBe(true);
  });

  test('a total that is not known', () => {
    expect(drawn(true, (progress) => progress.update(3, null))).toContain('3 films');
    expect(drawn(false, (progress) => progress.update(3, null))).toBe('');
  });
});

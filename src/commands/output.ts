/** What commands print. */

/**
 * Lets whoever reads the output end early, as `head` does: what is printed after that is dropped, and the exit status is that of
 * the command. What serves until it is told to end ends then.
 */
export function endQuietlyWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
    });
  }
}

/** A line of results. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** A line for the person in front, beside the results. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Rows in columns, the first row their names; columns of numbers are set to the right. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = widths.map((_, column) => rows.slice(1).every((row) => /^([-+\d]|$)/.test(row[column] ?? '')));
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    print(cells.join('  ').trimEnd());
  }
}

/**
 * Runs a server in the network namespace that this process was started in, where it may listen on whatever addresses it
 * likes: its ports are reached through Unix sockets. Arguments: folder, program and its arguments, `--`, then
 * `in:SOCKET:PORT` for what is reached from outside and `out:PORT:SOCKET` for what the server reaches outside.
 */
import { execFileSync, spawn } from 'node:child_process';
import { relay } from './relay.ts';

const separator = process.argv.indexOf('--');
const [folder = '.', program = '', ...args] = process.argv.slice(2, separator);

execFileSync('ip', ['link', 'set', 'lo', 'up']);
for (const way of process.argv.slice(separator + 1)) {
  const [direction, from = '', to = ''] = way.split(':');
  if (direction === 'in') await relay(`${folder}/${from}`, Number(to));
  else await relay(Number(from), `${folder}/${to}`);
}
const child = spawn(program, args, { cwd: folder, stdio: 'inherit' });
child.once('exit', () => process.exit());
process.once('SIGTERM', () => child.kill());

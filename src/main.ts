#!/usr/bin/env node
/** The command line. */
import { Command, Option } from 'commander';
import { addDicomCommands } from './commands/dicom.ts';
import { addModelCommands } from './commands/model.ts';
import { type Config, describeSettings, loadConfig } from './config.ts';
import { runDemo } from './demo/demo.ts';
import { GatewayError } from './errors.ts';
import { serve } from './serve.ts';

const program = new Command('cxr-gateway')
  .description('Reads chest X-ray films sent as DICOM and pushes the findings to GraphQL subscribers.')
  .showHelpAfterError();

program
  .command('serve')
  .description('serve until SIGTERM or SIGINT')
  .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']))
  .action(({ role }: { role?: Config['role'] }) => serve(loadConfig({ ROLE: role })));

program
  .command('demo')
  .description('serve, send films through the HTTP door and print the findings as they are pushed')
  .argument('[films...]', 'DICOM files or folders; synthetic chest phantoms when none are given')
  .option('--exit', 'end with status 0 instead of serving on')
  .action((films: string[], { exit }: { exit?: boolean }) => runDemo({ films, exit: exit === true }));

program
  .command('settings')
  .description('list every setting (environment variable), its default and meaning')
  .action(() => {
    for (const { name, preset, meaning } of describeSettings()) {
      process.stdout.write(`${name.padEnd(30)} ${preset.padEnd(14)} ${meaning}\n`);
    }
  });

addDicomCommands(program);
addModelCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const text = error instanceof GatewayError ? `${error.code}: ${error.message}` : String((error as Error).stack);
  process.stderr.write(`cxr-gateway: ${text}\n`);
  process.exitCode = 1;
}

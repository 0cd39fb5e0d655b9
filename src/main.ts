#!/usr/bin/env node
/** The command line. What only serve and demo need is loaded by them: the other commands start twice as fast without it. */
import { Command, Option } from 'commander';
import { addApiKeyCommands } from './commands/api-key.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addDicomCommands } from './commands/dicom.ts';
import { addModelCommands } from './commands/model.ts';
import { endQuietlyWithReader } from './commands/output.ts';
import { type Config, describeSettings, loadConfig } from './config.ts';
import { GatewayError } from './errors.ts';
import { keepYoungGenerationsSmall } from './young-generation.ts';

const program = new Command('cxr-gateway')
  .description('Reads chest X-ray films sent as DICOM and pushes the findings to GraphQL subscribers.')
  .showHelpAfterError();

program
  .command('serve')
  .description('serve until SIGTERM or SIGINT')
  .addOption(new Option('--role <role>', 'what this process does').choices(['all', 'api', 'worker']))
  .option('--insecure-no-auth', 'let everybody in with every role; for trials on a machine of your own')
  .action(async ({ role, insecureNoAuth }: { role?: Config['role']; insecureNoAuth?: boolean }) => {
    keepYoungGenerationsSmall();
    const { serve } = await import('./serve.ts');
    await serve(loadConfig({ ROLE: role }), { insecureNoAuth: insecureNoAuth === true });
  });

program
  .command('demo')
  .description('serve, send films through the HTTP door and print the findings as they are pushed')
  .argument('[films...]', 'DICOM files or folders; synthetic chest phantoms when none are given')
  .option('--exit', 'end with status 0 instead of serving on')
  .action(async (films: string[], { exit }: { exit?: boolean }) => {
    keepYoungGenerationsSmall();
    const { runDemo } = await import('./demo/demo.ts');
    await runDemo({ films, exit: exit === true });
  });

program
  .command('settings')
  .description('list every setting (environment variable), its default and meaning')
  .action(() => {
    for (const { name, preset, meaning } of describeSettings()) {
      process.stdout.write(`${name.padEnd(30)} ${preset.padEnd(14)} ${meaning}\n`);
    }
  });

program
  .command('reproduce')
  .description('make a finding again from the stored film and compare; exit status 1 when it is not the same')
  .argument('<finding>', 'its id')
  .option('--engine <sha256>', 'run this ONNX file of the model version instead of the one that ran')
  .option('--json', 'print JSON')
  .action(async (finding: string, command: { engine?: string; json?: boolean }) => {
    const { runReproduce } = await import('./commands/reproduce.ts');
    await runReproduce(finding, command);
  });

addAuditCommands(program);
addDicomCommands(program);
addApiKeyCommands(program);
addModelCommands(program);

endQuietlyWithReader();
try {
  await program.parseAsync();
} catch (error) {
  const text = error instanceof GatewayError ? `${error.code}: ${error.message}` : String((error as Error).stack);
  process.stderr.write(`cxr-gateway: ${text}\n`);
  process.exitCode = 1;
}

/** The commands that speak to other DICOM nodes; none of them needs the database. */
import { type Command, InvalidArgumentError } from 'commander';
import { runEcho } from './echo.ts';
import { type FindCommand, runFind } from './find.ts';
import type { TargetOptions } from './node-target.ts';
import { type RetrieveCommand, runRetrieve } from './retrieve.ts';
import { runSend, type SendCommand } from './send.ts';

const NODE = 'a node of DICOM_NODES_FILE, or HOST:PORT with --called';

/** Adds `echo`, `send`, `find` and `retrieve`. */
export function addDicomCommands(program: Command): void {
  toNode(program.command('echo').description('ask a node whether it answers: C-ECHO, or a search by DICOMweb')).action(
    ({ node, ...options }: { node: string } & TargetOptions) => runEcho(node, options),
  );
  program
    .command('send')
    .description('send films to a node: C-STORE, or STOW-RS')
    .argument('<films...>', 'DICOM files, and folders of them')
    .requiredOption('--to <node>', NODE)
    .option('--called <title>', 'AE title of the node')
    .option('--calling <title>', 'AE title to call by; default: DIMSE_AE_TITLE')
    .action((films: string[], command: SendCommand) => runSend(films, command));
  toNode(program.command('find').description('look for studies at a node: C-FIND, or QIDO-RS'))
    .option('--patient-id <id>', 'Patient ID')
    .option('--issuer <issuer>', 'Issuer of Patient ID')
    .option('--accession <number>', 'Accession Number')
    .option('--date <days>', 'YYYY-MM-DD, or a range FROM..TO with open ends')
    .option('--modality <modality>', 'such as DX')
    .option('--study <uid>', 'Study Instance UID')
    .option('--first <count>', 'most studies', positive, 50)
    .option('--json', 'print JSON')
    .action(({ node, ...command }: { node: string } & FindCommand) => runFind(node, command));
  toNode(program.command('retrieve').description('fetch a study from a node, into a folder or into a running gateway'))
    .requiredOption('--study <uid>', 'Study Instance UID')
    .option('--output <folder>', 'write the files here; without it the running gateway fetches and reads them')
    .option('--gateway <url>', 'address of the running gateway; default: HOST and PORT')
    .option('--token-file <file>', 'file with an access token or API key for it; default: CXR_GATEWAY_TOKEN')
    .action(({ node, ...command }: { node: string } & RetrieveCommand) => runRetrieve(node, command));
}

function toNode(command: Command): Command {
  return command
    .requiredOption('--node <node>', NODE)
    .option('--called <title>', 'AE title of the node')
    .option('--calling <title>', 'AE title to call by; default: DIMSE_AE_TITLE');
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) throw new InvalidArgumentError('must be 1 to 10000.');
  return value;
}

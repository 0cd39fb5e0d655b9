/** The `model` commands of the command line. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { runCard } from './model-card.ts';
import { type CompileCommand, runCompile, runRebuild } from './model-compile.ts';
import { type EvaluateCommand, runEvaluate } from './model-evaluate.ts';
import { runList, runShow, runVerify } from './model-folders.ts';
import { type ImportCommand, runImport } from './model-import.ts';

const FOLDER = 'its folder, or NAME@VERSION of one in MODELS_DIR';

/** Adds `model import`, `compile`, `evaluate`, `card`, `list`, `show`, `verify` and `rebuild`. */
export function addModelCommands(program: Command): void {
  const model = program.command('model').description('import, compile, evaluate and look at model versions');
  addMaking(model);
  addEvaluate(model);
  addCard(model);
  addLooking(model);
}

function addMaking(model: Command): void {
  model
    .command('import')
    .description('make a model version in MODELS_DIR of a DenseNet-121: ONNX, safetensors or PyTorch checkpoint')
    .argument('<source>', 'path, or https address')
    .requiredOption('--name <name>', 'lower-case letters, digits and hyphens')
    .requiredOption('--version <version>', 'letters, digits, dots, pluses and hyphens')
    .option('--sha256 <digest>', 'of the source; required for an address')
    .option('--labels <file>', 'names of the outputs, one a line; known for 14 and 18 outputs')
    .option('--preprocessing <file>', "JSON of the manifest's preprocessing: crop, value range, normalisation")
    .option('--height <pixels>', 'rows of the input', wholeNumber)
    .option('--width <pixels>', 'columns of the input', wholeNumber)
    .option('--images <folder>', 'films to check the extracted net on, beside noise')
    .option('--half', 'keep the weights in 16 bits: half the size, the net itself is rounded')
    .action((source: string, command: ImportCommand) => runImport(source, command));
  model
    .command('compile')
    .description('calibrate on films and write the INT8 graph')
    .argument('<model>', FOLDER)
    .option('--films <folder>', 'DICOM, PNG or JPEG films to calibrate on, at least 64')
    .option('--calibration <file>', 'a calibration.json made before, in place of films')
    .addOption(
      new Option('--method <method>', 'how ranges are found')
        .choices(['minmax', 'percentile', 'mse'])
        .default('minmax'),
    )
    .option('--height <pixels>', 'rows of the input', wholeNumber)
    .option('--width <pixels>', 'columns of the input', wholeNumber)
    .option('--reduce-range', 'also write a graph with 7-bit weights, for processors without VNNI')
    .option('--no-float', 'take the FP32 graph out of the folder: never served, still evaluated from the weights')
    .action((named: string, command: CompileCommand) => runCompile(named, command));
  model
    .command('rebuild')
    .description('make the graphs again from weights and calibration, byte for byte as the manifest says')
    .argument('<model>', FOLDER)
    .action((named: string) => runRebuild(named));
}

function addEvaluate(model: Command): void {
  model
    .command('evaluate')
    .description('measure FP32 beside INT8 on labelled films; writes manifest, card, plots and evaluation.json')
    .argument('<model>', FOLDER)
    .requiredOption('--labels <csv>', 'first column the file, other columns by the names of the labels and `patient`')
    .requiredOption('--images <folder>', 'DICOM, PNG or JPEG films')
    .addOption(
      new Option('--sensitivity <share>', "thresholds for this sensitivity, 0 to 1, in place of Youden's J")
        .argParser(share)
        .conflicts('keepThresholds'),
    )
    .option('--keep-thresholds', 'leave the thresholds as they are')
    .option('--data-set <name>', 'what to call these films in the card (default: the name of the CSV file)')
    .option('--resamples <count>', 'bootstrap resamples', wholeNumber, 1000)
    .option('--seed <number>', 'of the resamples', wholeNumber, 1)
    .option('--json', 'print the whole result as JSON and write nothing')
    .action((named: string, command: EvaluateCommand) => runEvaluate(named, command));
}

function addCard(model: Command): void {
  model
    .command('card')
    .description('make MODEL_CARD.md from the manifest, and list the source attributes that are missing')
    .argument('<model>', FOLDER)
    .action((named: string) => runCard(named));
}

function addLooking(model: Command): void {
  model
    .command('list')
    .description('list the model versions in MODELS_DIR')
    .action(() => runList());
  model
    .command('show')
    .description('show one model version')
    .argument('<model>', FOLDER)
    .option('--json', 'print its manifest')
    .action((named: string, options: { json?: boolean }) => runShow(named, options));
  model
    .command('verify')
    .description('compare all files with their digests; status 1 when one differs')
    .action(() => runVerify());
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It must be above 0 and at most 1.');
  return value;
}

/**
 * Plays the walk-through of docs/governance.md on a gateway of its own, and draws the answers anew. Run after a build, with
 * films that may be used for it:
 *
 *   npm run walkthrough -- CALIBRATION_FOLDER LABELS.csv EVALUATION_FOLDER
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { answerPicture } from './walkthrough/answer-picture.ts';
import { fillCard, makeCandidate } from './walkthrough/candidate.ts';
import { labelledFilms } from './walkthrough/nih-films.ts';
import { type Known, type Play, plays } from './walkthrough/plays.ts';
import { printedPage } from './walkthrough/printed-page.ts';
import { type Stage, setStage } from './walkthrough/stage.ts';
import { type WrittenStep, writtenSteps } from './walkthrough/written-steps.ts';

const [calibration, labels, evaluation] = process.argv.slice(2);
if (calibration === undefined || labels === undefined || evaluation === undefined) {
  throw new Error('Usage: npm run walkthrough -- CALIBRATION_FOLDER LABELS.csv EVALUATION_FOLDER');
}

const DOCUMENT = resolve(import.meta.dirname, '..', 'docs', 'governance.md');
const REPORT_PAGE = 'pictures/governance/report-page.png';

const beside = (path: string) => resolve(dirname(DOCUMENT), path);

async function step(stage: Stage, play: Play, written: WrittenStep, known: Known): Promise<void> {
  await play.before?.(stage, known);
  const { data, errors } = await stage.ask(play.who, written.document, known);
  if ((errors !== undefined) !== (play.refused ?? false)) throw new Error(`${play.name}: ${JSON.stringify(errors)}`);
  if (data) Object.assign(known, play.learn?.(data));
  await mkdir(dirname(beside(written.picture)), { recursive: true });
  await writeFile(beside(written.picture), answerPicture(play.who, written.field, errors ?? data));
  process.stdout.write(`${play.name}\n`);
}

const steps = writtenSteps(await readFile(DOCUMENT, 'utf8'), 'A walk-through');
const films = await labelledFilms(labels, evaluation);
const truth = new Map(films.map((film) => [film.sopInstanceUid, film.labels]));
let sent = 0;
const all = plays({
  films: async (stage, count) => {
    const next = films.slice(sent, sent + count);
    sent += count;
    await stage.send(next);
  },
  makeCandidate: (stage) => makeCandidate(stage, { calibration, labels, evaluation }),
  fillCard,
  isTrue: (uid, label) => truth.get(uid)?.has(label) ?? false,
});

await using stage = await setStage({ GOVERNANCE_APPROVALS: 'two', LOG_LEVEL: 'info' });
const known: Known = {};
for (const play of all) {
  const written = steps.find(({ name }) => name === play.name);
  if (written === undefined) throw new Error(`The walk-through has no operation ${play.name}.`);
  await step(stage, play, written, known);
}
const report = await stage.get('Maria, ADMIN', String(known.report));
await writeFile(beside(REPORT_PAGE), await printedPage(await report.text()));

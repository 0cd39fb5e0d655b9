/** A header worker whose thread dies on a path that contains `fatal`, and reads every other. */
import parseHeader, { type HeaderAnswer, type HeaderTask } from '../../../src/dicom/header-worker.ts';

export default async function dieOrParse(task: HeaderTask): Promise<HeaderAnswer> {
  if (task.path.includes('fatal')) process.exit(1);
  return parseHeader(task);
}

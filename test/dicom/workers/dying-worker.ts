/** A header worker whose thread dies on a path that contains `fatal`, and reads every other. */
import type { FailedAnswer } from '../../../src/dicom/film-threads.ts';
import parseHeader, { type HeaderReading, type HeaderTask } from '../../../src/dicom/header-worker.ts';

export default async function dieOrParse(task: HeaderTask): Promise<HeaderReading | FailedAnswer> {
  if (task.path.includes('fatal')) process.exit(1);
  return parseHeader(task);
}

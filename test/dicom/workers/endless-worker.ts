/** A header worker that begins and never ends. */
import type { HeaderTask } from '../../../src/dicom/header-worker.ts';

export default function spin({ startedAt }: HeaderTask): never {
  startedAt[0] = Date.now();
  for (;;);
}

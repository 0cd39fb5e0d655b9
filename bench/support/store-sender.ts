/** Sends films by C-STORE over several associations at once, as fast as they are answered; the same for every receiver. */
import { readFile } from 'node:fs/promises';
import type { Association } from '../../src/dicom/network/association.ts';
import { COMMAND } from '../../src/dicom/network/command-set.ts';
import { requestAssociation } from '../../src/dicom/network/requestor.ts';
import { phantomUid } from '../../src/dicom/phantom.ts';
import { DX_IMAGE_FOR_PRESENTATION } from '../../src/dicom/sop-classes.ts';
import { EXPLICIT_VR_LITTLE_ENDIAN } from '../../src/dicom/transfer-syntaxes.ts';

const META_LENGTH_END = 144;

/** One film's data set, sent under a SOP Instance UID of its own each time. */
export class StoreSender {
  readonly #before: Buffer;
  readonly #after: Buffer;
  readonly #uidBytes: number;
  #sent = 0;

  private constructor(dataSet: Buffer, uid: string) {
    const at = dataSet.indexOf(uid, 0, 'latin1');
    this.#before = dataSet.subarray(0, at);
    this.#uidBytes = uid.length;
    this.#after = dataSet.subarray(at + uid.length);
  }

  /** @param seed - of the phantom at `path` */
  static async open(path: string, seed: number): Promise<StoreSender> {
    const file = await readFile(path);
    const dataSet = file.subarray(META_LENGTH_END + file.readUInt32LE(META_LENGTH_END - 4));
    return new StoreSender(dataSet, phantomUid(`instance ${seed}`));
  }

  /** Bytes of a data set. */
  get bytes(): number {
    return this.#before.length + this.#uidBytes + this.#after.length;
  }

  /** Sends `films` films over `associations` associations; returns films a second, from the first request to the last answer. */
  async run(port: number, calledAeTitle: string, associations: number, films: number): Promise<number> {
    let left = films;
    const began = performance.now();
    const lane = async () => {
      const association = await call(port, calledAeTitle);
      while (left > 0) {
        left -= 1;
        await this.#store(association);
      }
      await association.release();
    };
    await Promise.all(Array.from({ length: associations }, lane));
    return (films * 1000) / (performance.now() - began);
  }

  async #store(association: Association): Promise<void> {
    this.#sent += 1;
    // As long as the phantom's own, so that the element stays as it is.
    const uid = `2.25.${String(this.#sent).padStart(this.#uidBytes - 5, '7')}`;
    const context = association.contexts[0];
    if (context === undefined) throw new Error('the receiver accepts no films');
    const command = {
      commandField: COMMAND.C_STORE_RQ,
      messageId: 1,
      priority: 0,
      affectedSopClassUid: DX_IMAGE_FOR_PRESENTATION,
      affectedSopInstanceUid: uid,
    };
    await association.send(context.id, command, chunks([this.#before, Buffer.from(uid), this.#after]));
    const answer = await association.receive();
    if (answer?.command.status !== 0) throw new Error(`a film was answered by ${JSON.stringify(answer?.command)}`);
  }
}

async function* chunks(parts: readonly Buffer[]): AsyncGenerator<Buffer, void, void> {
  yield* parts;
}

function call(port: number, calledAeTitle: string): Promise<Association> {
  return requestAssociation({
    host: '127.0.0.1',
    port,
    callingAeTitle: 'BENCH',
    calledAeTitle,
    contexts: [{ abstractSyntax: DX_IMAGE_FOR_PRESENTATION, transferSyntaxes: [EXPLICIT_VR_LITTLE_ENDIAN] }],
    // A receiver of one process answers the next association when the one before it is over.
    limits: {
      maxPduBytes: 131_072,
      maxDataSetBytes: 1,
      artimMs: 120_000,
      idleTimeoutMs: 120_000,
      messageTimeoutMs: 120_000,
    },
  });
}

/** torch.save since PyTorch 1.6: a zip with the pickle in NAME/data.pkl and one entry NAME/data/KEY for each storage. */
import { unpickle } from './pickle.ts';
import { invalid, type StateDict } from './state-dict.ts';
import { torchHost } from './torch-objects.ts';
import { torchState } from './torch-state.ts';
import { ZipFile } from './zip.ts';

const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];

/** Whether bytes begin like a zip file. */
export function isTorchZip(bytes: Uint8Array): boolean {
  return ZIP_MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Reads the tensors of a checkpoint.
 *
 * @throws GatewayError MODEL_INVALID when the file is damaged, is no checkpoint, or its pickle holds anything but data
 */
export function readTorchZip(bytes: Uint8Array): StateDict {
  const zip = new ZipFile(bytes);
  const pickles = zip.names.filter((name) => /(^|\/)data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1)
    throw invalid('it is a zip, but not of torch.save: it has no data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (zip.names.includes(`${folder}constants.pkl`)) {
    throw invalid('it is a TorchScript program. Save the weights alone: torch.save(model.state_dict(), file)');
  }
  if (zip.names.includes(`${folder}byteorder`)) {
    const order = Buffer.from(zip.read(`${folder}byteorder`)).toString('latin1');
    if (order !== 'little') throw invalid(`its numbers are stored in the byte order ${JSON.stringify(order)}`);
  }
  const { value } = unpickle(zip.read(pickle), torchHost);
  return torchState(value, (key) => zip.read(`${folder}data/${key}`));
}

/** `model card`: MODEL_CARD.md, made from the manifest. */
import { loadConfig } from '../config.ts';
import { SOURCE_ATTRIBUTES } from '../inference/model-card/source-attributes.ts';
import { writeCard } from '../inference/model-card/write-card.ts';
import { findFolder } from './find-folder.ts';
import { print } from './output.ts';

/** Writes the card and prints what it does not state. @throws GatewayError as writeCard */
export async function runCard(named: string): Promise<void> {
  const { directory } = await findFolder(named, loadConfig().modelsDirectory);
  const { card, files } = await writeCard(directory);
  print(`Written into ${directory}: ${files.join(', ')}`);
  print(
    `${SOURCE_ATTRIBUTES.length - card.missing.length} of ${SOURCE_ATTRIBUTES.length} source attributes are stated.`,
  );
  for (const attribute of card.missing) print(`missing: ${attribute}`);
}

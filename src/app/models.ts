/** Model packages of this machine, brought together with the model versions of the database. */
import { chooseThresholds } from '../inference/evaluate/choose-thresholds.ts';
import { codesOfLabel } from '../inference/finding-codes.ts';
import { cardOf } from '../inference/model-card/model-card.ts';
import { ModelPackages } from '../models/model-packages.ts';
import { type Registering, registerFolders, setUpModels } from '../models/register-models.ts';
import type { ServedModels } from '../models/served-models.ts';
import type { ModelKnowledge } from '../resolvers/context.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** @throws GatewayError as {@link setUpModels} */
export async function openModels({ config, log, options }: Building, store: Store): Promise<Registering> {
  options.onProgress?.('models');
  const packages = new ModelPackages({ directory: config.modelsDirectory, log });
  const registering = { packages, modelVersions: store.modelVersions, log };
  await setUpModels({ ...registering, wanted: config.activeModel });
  return registering;
}

/** What the API is told of models beside their records. */
export function modelKnowledge(
  { readsFilms }: Building,
  registering: Registering,
  served: ServedModels,
): ModelKnowledge {
  return {
    verify: (digest, by, reason) => served.verify(digest, { by, reason, reads: readsFilms }),
    register: (request) => registerFolders(request, registering),
    chooseThresholds: async (digest, rule) => chooseThresholds(await registering.packages.packageOf(digest), rule),
    codesOfLabel,
    cardOf,
  };
}

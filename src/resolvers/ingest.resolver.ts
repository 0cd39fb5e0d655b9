import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { SENDS_FILMS } from '../access/permissions.ts';
import { toGatewayError } from '../errors.ts';
import type { IngestedInstance } from '../ingest.ts';
import { Priority } from '../schema/enums.ts';
import { IngestInstancesPayload, type IngestResult } from '../schema/mutation.type.ts';
import { Upload } from '../schema/scalars.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { codedError } from './coded-error.ts';
import { actorIn, type GatewayContext, renewLoaders } from './context.ts';
import { mapConcurrently } from './map-concurrently.ts';
import type { FileUpload } from './upload.ts';

/** Films of one request taken in at once: they arrive one after the other, so while one arrives others are recorded. */
const CONCURRENT_FILES = 4;

type Outcome = Pick<IngestResult, 'fileName' | 'error'> & { readonly ingested: IngestedInstance | null };

/** Takes films in. */
@Resolver()
export class IngestResolver {
  @Authorized<AccessRole>(SENDS_FILMS)
  @Mutation(() => IngestInstancesPayload, {
    description:
      'Stores films (DICOM Part 10 files) and has them read, by the GraphQL multipart request specification. Each file succeeds or fails on its own; a success is durable. The same film again gives the same records.',
  })
  async ingestInstances(
    @Arg('files', () => [Upload], { description: 'The files.' }) files: readonly Promise<FileUpload>[],
    @Arg('priority', () => Priority, {
      nullable: true,
      description: 'Priority of the readings; absent: as the film says in Requested Procedure Priority (0040,1003).',
    })
    priority: Priority | null,
    @Ctx() context: GatewayContext,
  ): Promise<IngestInstancesPayload> {
    const outcomes = await mapConcurrently(files, CONCURRENT_FILES, (file) => accept(file, priority, context));
    renewLoaders(context);
    return { results: await Promise.all(outcomes.map((outcome) => toResult(outcome, context))) };
  }
}

async function accept(
  upload: Promise<FileUpload>,
  priority: Priority | null,
  context: GatewayContext,
): Promise<Outcome> {
  let fileName: string | null = null;
  try {
    const file = await upload;
    fileName = file.filename || null;
    const stream = file.createReadStream();
    try {
      const source = { door: 'GRAPHQL', by: actorIn(context), ...(priority ? { priority } : {}) } as const;
      return { fileName, ingested: await context.services.ingest.accept(stream, source), error: null };
    } finally {
      stream.destroy(); // a film that is refused unread would hold up those behind it
    }
  } catch (error) {
    return { fileName, ingested: null, error: codedError(toGatewayError(error)) };
  }
}

async function toResult({ fileName, ingested, error }: Outcome, { loaders }: GatewayContext): Promise<IngestResult> {
  const [instance, inference] = await Promise.all([
    ingested && loaders.instances.load(ingested.instanceId),
    ingested && loaders.inferences.load(ingested.inferenceId),
  ]);
  return {
    fileName,
    instance,
    inference,
    duplicate: ingested?.duplicate ?? false,
    eligibility: ingested?.eligibility ?? null,
    reasons: ingested?.reasons ?? [],
    error,
  };
}

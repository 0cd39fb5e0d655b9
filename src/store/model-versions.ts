/** Registers model versions and moves them between states; every move is a ModelTransition that nothing can change. */
import { GatewayError } from '../errors.ts';
import { appendAuditedChanges } from './audit/append.ts';
import type { AuditActor } from './audit/audit-entry.ts';
import type { NewChange } from './change-log.ts';
import type { Prisma, PrismaClient, Transaction } from './client.ts';
import type { ModelState, Precision } from './generated/enums.ts';

/** A model package as it is registered. */
export interface ModelRegistration {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the ONNX file, hexadecimal. */
  readonly digest: string;
  readonly precision: Precision;
  readonly manifest: Prisma.InputJsonObject;
  readonly metrics: Prisma.InputJsonValue | undefined;
}

/** Who moves a version, and why. */
export interface ModelMove {
  readonly modelVersionId: string;
  readonly reason: string;
  readonly by: AuditActor;
}

const LONGEST_REASON = 2000;

/** Writes of model versions. */
export class ModelVersionStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Registers a version, or finds it registered with the same digest.
   *
   * @returns its id
   * @throws GatewayError MODEL_DIGEST_MISMATCH when the name and version are registered with other bytes, or the bytes under
   *   another name
   */
  async register(model: ModelRegistration, by: AuditActor): Promise<string> {
    return this.#prisma.$transaction(async (tx) => {
      const { metrics, ...columns } = model;
      const [created] = await tx.modelVersion.createManyAndReturn({
        data: [metrics === undefined ? columns : { ...columns, metrics }],
        skipDuplicates: true,
        select: { id: true },
      });
      if (created !== undefined) {
        const { name, version, digest } = model;
        const details = { name, version, digest };
        const entry = { action: 'CREATE', modelVersionIds: [created.id], details } as const;
        await appendAuditedChanges(tx, [changeOf(created.id)], by, [entry]);
        return created.id;
      }
      const found = await tx.modelVersion.findUnique({ where: { digest: model.digest } });
      if (found?.name !== model.name || found.version !== model.version) {
        throw new GatewayError(
          'MODEL_DIGEST_MISMATCH',
          `${model.name}@${model.version} or its bytes are registered already with another digest or name.`,
        );
      }
      return found.id;
    });
  }

  /** The version that reads new films. */
  async active(): Promise<{
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly digest: string;
  } | null> {
    return this.#prisma.modelVersion.findFirst({
      where: { state: 'ACTIVE' },
      select: { id: true, name: true, version: true, digest: true },
    });
  }

  /**
   * Makes a version the one that reads new films; the one before is retired. Readings under way finish on the version
   * they began with. Idempotent: activating the active version changes nothing.
   *
   * @throws GatewayError NOT_FOUND, BAD_REQUEST without a reason
   */
  async activate(move: ModelMove): Promise<void> {
    const reason = move.reason.trim();
    if (reason === '' || reason.length > LONGEST_REASON) {
      throw new GatewayError('BAD_REQUEST', `A reason of 1 to ${LONGEST_REASON} characters is required.`);
    }
    await this.#prisma.$transaction(async (tx) => {
      // One activation at a time, or two could both see the same active version.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cxr-gateway model activation'))`;
      const wanted = await tx.modelVersion.findUnique({ where: { id: move.modelVersionId } });
      if (wanted === null) throw new GatewayError('NOT_FOUND', 'There is no such model version.');
      if (wanted.state === 'ACTIVE') return;
      const active = await tx.modelVersion.findFirst({ where: { state: 'ACTIVE' } });
      if (active !== null) await setState(tx, active, 'RETIRED', { ...move, reason });
      await setState(tx, wanted, 'ACTIVE', { ...move, reason });
    });
  }
}

async function setState(
  tx: Transaction,
  version: { readonly id: string; readonly state: ModelState },
  toState: ModelState,
  { by, reason }: ModelMove,
): Promise<void> {
  await tx.modelVersion.update({ where: { id: version.id }, data: { state: toState } });
  await tx.modelTransition.create({
    data: { modelVersionId: version.id, fromState: version.state, toState, actor: by.subject, reason },
  });
  const details = { fromState: version.state, toState };
  const entry = { action: 'UPDATE', modelVersionIds: [version.id], details } as const;
  await appendAuditedChanges(tx, [changeOf(version.id)], by, [entry]);
}

function changeOf(modelVersionId: string): NewChange {
  return { type: 'MODEL_VERSION_CHANGED', modelVersionId };
}

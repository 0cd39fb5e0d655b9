/** API keys: made, rotated and revoked, each with its audit record, and told to every process at the commit. */
import { GatewayError } from '../errors.ts';
import { appendAudit } from './audit/append.ts';
import type { AuditActor, AuditEntry } from './audit/audit-entry.ts';
import type { PrismaClient, Transaction } from './client.ts';
import type { ApiKey } from './generated/client.ts';
import type { AccessRole } from './generated/enums.ts';
import { CHANNELS } from './listener.ts';
import { isUuid } from './reads/uuid.ts';

/** A key without the hash of its secret. */
export type ApiKeyRow = Omit<ApiKey, 'secretHash'>;

/** A key to be made. */
export interface NewApiKey {
  readonly name: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretHash: string;
  readonly roles: readonly AccessRole[];
  /** `*` alone: all. */
  readonly issuers: readonly string[];
  readonly studies: readonly string[];
  readonly deidentifiedOnly: boolean;
  readonly expiresAt: Date;
}

/** How a key is replaced. */
export interface ApiKeyRotation {
  /** Hash of the new key's secret. */
  readonly secretHash: string;
  /** Expiry of the new key. */
  readonly expiresAt: Date;
  /** From when on the old key is refused. */
  readonly oldUntil: Date;
}

/** What decides whether a key is accepted. */
export type ApiKeyStanding = Pick<ApiKey, 'id' | 'expiresAt' | 'revokedAt'>;

const MOST_LISTED = 1000;

const SHOWN = { omit: { secretHash: true } } as const;

const noSuchKey = (): GatewayError => new GatewayError('NOT_FOUND', 'There is no such API key.');

/** Reads and writes of API keys. */
export class ApiKeyStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async create({ roles, issuers, studies, ...key }: NewApiKey, by: AuditActor): Promise<ApiKeyRow> {
    return this.#prisma.$transaction(async (tx) => {
      const data = { ...key, roles: [...roles], issuers: [...issuers], studies: [...studies], createdBy: by.subject };
      const created = await tx.apiKey.create({ data, ...SHOWN });
      await this.#record(tx, by, 'CREATE', created, { change: 'created' });
      return created;
    });
  }

  /**
   * Makes a key like an old one, which is accepted for a while yet.
   *
   * @throws GatewayError NOT_FOUND, INVALID_STATE when the old key is replaced, revoked or expired already
   */
  async rotate(id: string, rotation: ApiKeyRotation, by: AuditActor): Promise<ApiKeyRow> {
    return this.#prisma.$transaction(async (tx) => {
      const old = await this.#find(tx, id);
      const { name, roles, issuers, studies, deidentifiedOnly, expiresAt } = old;
      const { secretHash } = rotation;
      const created = await tx.apiKey.create({
        data: {
          ...{ name, roles, issuers, studies, deidentifiedOnly, secretHash },
          expiresAt: rotation.expiresAt,
          createdBy: by.subject,
        },
        ...SHOWN,
      });
      const oldUntil = rotation.oldUntil < expiresAt ? rotation.oldUntil : expiresAt;
      const { count } = await tx.apiKey.updateMany({
        where: { id, replacedById: null, revokedAt: null, expiresAt: { gt: new Date() } },
        data: { replacedById: created.id, expiresAt: oldUntil },
      });
      if (count === 0) throw new GatewayError('INVALID_STATE', 'Only a key that is accepted can be rotated, and once.');
      await this.#record(tx, by, 'CREATE', created, { change: 'created', replaces: id });
      await this.#record(tx, by, 'UPDATE', old, { change: 'rotated', validUntil: oldUntil.toISOString() });
      return created;
    });
  }

  /** Refuses a key from now on; one that is revoked already stays as it is. @throws GatewayError NOT_FOUND */
  async revoke(id: string, reason: string, by: AuditActor): Promise<ApiKeyRow> {
    return this.#prisma.$transaction(async (tx) => {
      const key = await this.#find(tx, id);
      const data = { revokedAt: new Date(), revokedBy: by.subject };
      const { count } = await tx.apiKey.updateMany({ where: { id, revokedAt: null }, data });
      if (count === 0) return key;
      await this.#record(tx, by, 'UPDATE', key, { change: 'revoked', reason });
      return { ...key, ...data };
    });
  }

  /** The newest 1,000 keys, newest first. @param ended - also those that are revoked or expired */
  async list(ended: boolean): Promise<readonly ApiKeyRow[]> {
    return this.#prisma.apiKey.findMany({
      where: ended ? {} : { revokedAt: null, expiresAt: { gt: new Date() } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: MOST_LISTED,
      ...SHOWN,
    });
  }

  /** @throws GatewayError NOT_FOUND */
  async byId(id: string): Promise<ApiKeyRow> {
    return this.#find(this.#prisma, id);
  }

  /** The key with this hash, whatever its state. */
  async byHash(secretHash: string): Promise<ApiKeyRow | null> {
    return this.#prisma.apiKey.findUnique({ where: { secretHash }, ...SHOWN });
  }

  /** Whether any key is accepted now. */
  async anyAccepted(): Promise<boolean> {
    const found = await this.#prisma.apiKey.findFirst({
      where: { revokedAt: null, expiresAt: { gt: new Date() } },
      select: { id: true },
    });
    return found !== null;
  }

  /** How these keys stand; absent ones are left out. */
  async standings(ids: readonly string[]): Promise<readonly ApiKeyStanding[]> {
    if (ids.length === 0) return [];
    return this.#prisma.apiKey.findMany({
      where: { id: { in: [...ids] } },
      select: { id: true, expiresAt: true, revokedAt: true },
    });
  }

  /** Notes that a key was used; an earlier time than the one noted changes nothing. */
  async used(id: string, at: Date): Promise<void> {
    await this.#prisma.apiKey.updateMany({
      where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: at } }] },
      data: { lastUsedAt: at },
    });
  }

  async #find(tx: Transaction, id: string): Promise<ApiKeyRow> {
    if (!isUuid(id)) throw noSuchKey();
    const key = await tx.apiKey.findUnique({ where: { id }, ...SHOWN });
    if (key === null) throw noSuchKey();
    return key;
  }

  async #record(
    tx: Transaction,
    by: AuditActor,
    action: AuditEntry['action'],
    key: ApiKeyRow,
    details: NonNullable<AuditEntry['details']>,
  ): Promise<void> {
    const { id, name, roles, issuers } = key;
    await appendAudit(tx, by, [{ action, details: { apiKey: id, name, roles, issuers, ...details } }]);
    await tx.$executeRaw`SELECT pg_notify(${CHANNELS.identities}, '')`;
  }
}

import { Arg, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { createApiKey, revokeApiKey, rotateApiKey } from '../access/api-keys.ts';
import { ADMINISTERS } from '../access/permissions.ts';
import { revokeIdentity } from '../access/revoke-identity.ts';
import { CreateApiKeyInput, RotateApiKeyInput } from '../schema/api-key.input.ts';
import {
  ApiKey,
  ApiKeyPayload,
  ApiKeyState,
  RevokeApiKeyPayload,
  RevokeIdentityPayload,
} from '../schema/api-key.type.ts';
import type { AccessRole } from '../store/generated/enums.ts';
import { actorIn, type GatewayContext } from './context.ts';

/** API keys, and identities that are let in no longer. */
@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Authorized<AccessRole>(ADMINISTERS)
  @Query(() => [ApiKey], { description: 'API keys, newest first; 1,000 at most.' })
  async apiKeys(
    @Arg('ended', () => Boolean, { defaultValue: false, description: 'Also those that are revoked or expired.' })
    ended: boolean,
    @Ctx() { services }: GatewayContext,
  ): Promise<readonly ApiKey[]> {
    return services.store.apiKeys.list(ended);
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => ApiKeyPayload, { description: 'Makes an API key. Its secret is in this answer and nowhere else.' })
  async createApiKey(
    @Arg('input', () => CreateApiKeyInput, { description: 'What the key is for.' }) input: CreateApiKeyInput,
    @Ctx() context: GatewayContext,
  ): Promise<ApiKeyPayload> {
    return createApiKey(context.services.store.apiKeys, input, context.caller.identity, actorIn(context));
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => ApiKeyPayload, {
    description:
      'Replaces an API key by a new one with the same grants; the old one is accepted for a while yet. INVALID_STATE when it is replaced, revoked or expired already.',
  })
  async rotateApiKey(
    @Arg('input', () => RotateApiKeyInput, { description: 'Which key, and how.' }) input: RotateApiKeyInput,
    @Ctx() context: GatewayContext,
  ): Promise<ApiKeyPayload> {
    const { id, graceHours, expiresInDays } = input;
    const rotation = { graceHours, expiresInDays: expiresInDays ?? undefined };
    return rotateApiKey(context.services.store.apiKeys, id, rotation, context.caller.identity, actorIn(context));
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RevokeApiKeyPayload, {
    description:
      'Ends an API key at once, in every process: requests are refused and open WebSockets are closed with 4403. Idempotent.',
  })
  async revokeApiKey(
    @Arg('id', () => ID, { description: 'Which key.' }) id: string,
    @Arg('reason', () => String, { description: 'Why, for the record: 1 to 2,000 characters.' }) reason: string,
    @Ctx() context: GatewayContext,
  ): Promise<RevokeApiKeyPayload> {
    return { apiKey: await revokeApiKey(context.services.store.apiKeys, id, reason, actorIn(context)) };
  }

  @Authorized<AccessRole>(ADMINISTERS)
  @Mutation(() => RevokeIdentityPayload, {
    description:
      "Refuses the access tokens of a person that were issued up to now, in every process; open WebSockets are closed with 4403. The account itself is the identity provider's to lock. For an API key the same as revokeApiKey.",
  })
  async revokeIdentity(
    @Arg('subject', () => String, { description: 'As in the audit: `oidc:<issuer>#<sub>` or `api-key:<id>`.' })
    subject: string,
    @Arg('reason', () => String, { description: 'Why, for the record: 1 to 2,000 characters.' }) reason: string,
    @Ctx() context: GatewayContext,
  ): Promise<RevokeIdentityPayload> {
    return { subject, revokedAt: await revokeIdentity(context.services.store, subject, reason, actorIn(context)) };
  }

  @FieldResolver(() => ApiKeyState, { description: 'Whether it lets anybody in.' })
  state(@Root() { revokedAt, expiresAt, replacedById }: ApiKey): keyof typeof ApiKeyState {
    if (revokedAt !== null) return 'REVOKED';
    if (expiresAt.getTime() <= Date.now()) return 'EXPIRED';
    return replacedById === null ? 'ACCEPTED' : 'REPLACED';
  }
}

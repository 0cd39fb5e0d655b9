/** The audit of answers and events: what they show, and what was refused or failed, is recorded before they leave. */
import { type GraphQLError, Kind } from 'graphql';
import { Disclosures } from '../access/disclosures.ts';
import { recordDisclosures } from '../access/record-disclosures.ts';
import { type ErrorCode, toGatewayError } from '../errors.ts';
import type { AuditEntry } from '../store/audit/audit-entry.ts';
import type { GatewayContext } from './context.ts';
import { rootCause } from './format-error.ts';

/** Fields named in one entry. */
const MOST_FIELDS = 20;

/**
 * Records an answer, or one event of a subscription; the context notes the next event anew. Resolves once it is durable, when
 * the answer may leave.
 *
 * @throws GatewayError AUDIT_UNAVAILABLE: nothing of it may be shown
 */
export async function recordAnswer(context: GatewayContext, errors: readonly GraphQLError[] = []): Promise<void> {
  const { disclosures, services, caller, operation } = context;
  if (disclosures === undefined) return;
  const refused = refusals(operation, errors);
  if (disclosures.empty && refused.length === 0) return;
  context.disclosures = new Disclosures();
  await recordDisclosures(services.store, caller, operation, disclosures, refused);
}

/** What was denied, and what a mutation failed to do: one entry a code. */
function refusals(operation: string, errors: readonly GraphQLError[]): readonly AuditEntry[] {
  const isMutation = operation.startsWith('mutation');
  const fields = new Map<ErrorCode, Set<string>>();
  for (const error of errors) {
    if (error.path === undefined) continue; // refused before anything was done
    const { code } = toGatewayError(rootCause(error));
    if (code !== 'FORBIDDEN' && !isMutation) continue;
    const named = fields.get(code) ?? new Set();
    fields.set(code, named);
    for (const name of fieldsOf(error)) if (named.size < MOST_FIELDS) named.add(name);
  }
  return [...fields].map(([errorCode, named]) => ({
    action: isMutation ? 'EXECUTE' : 'READ',
    outcome: errorCode === 'FORBIDDEN' ? 'DENIED' : 'FAILED',
    errorCode,
    details: { fields: [...named] },
  }));
}

/** Names of the schema: a path would have aliases, in which a client may write what it likes. */
function fieldsOf({ nodes = [] }: GraphQLError): readonly string[] {
  return nodes.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []));
}

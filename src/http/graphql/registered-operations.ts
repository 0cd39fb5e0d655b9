/**
 * The lock-down: with GRAPHQL_OPERATIONS=registered nothing runs but the operations of a manifest that whoever runs the
 * gateway has reviewed. The manifest is Apollo's (generate-persisted-query-manifest writes it).
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, type OperationDefinitionNode } from 'graphql';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { GatewayError } from '../../errors.ts';
import { checkDocument } from './check-document.ts';
import { costOf } from './limits/operation-cost.ts';
import { excess } from './limits/too-complex.ts';

const Operation = z.object({
  id: z.string(),
  name: z.string(),
  type: z.enum(['query', 'mutation', 'subscription']),
  body: z.string(),
});

const Manifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(Operation),
});

type ManifestOperation = z.infer<typeof Operation>;

/** One operation, parsed and validated. */
export interface RegisteredOperation {
  readonly body: string;
  readonly document: DocumentNode;
}

/** The operations of a manifest. */
export class RegisteredOperations {
  readonly #byId: ReadonlyMap<string, RegisteredOperation>;

  constructor(byId: ReadonlyMap<string, RegisteredOperation>) {
    this.#byId = byId;
  }

  /** @param id - as a client sent it */
  byId(id: unknown): RegisteredOperation | undefined {
    return typeof id === 'string' ? this.#byId.get(id) : undefined;
  }

  /** By the exact text. */
  byBody(body: string): RegisteredOperation | undefined {
    return this.#byId.get(sha256(body));
  }
}

/** For an operation that is not in the manifest. */
export function notRegistered(): GatewayError {
  return new GatewayError('OPERATION_NOT_REGISTERED', 'The gateway runs registered operations only; this is none.');
}

/**
 * Reads and checks the manifest. Costs that depend on variables are known only when an operation runs, and are checked then.
 *
 * @throws GatewayError CONFIG_INVALID naming everything that is wrong with it
 */
export async function readRegisteredOperations(
  file: string,
  schema: GraphQLSchema,
  limits: Config['graphql'],
): Promise<RegisteredOperations> {
  const { operations } = await readManifest(file);
  const byId = new Map<string, RegisteredOperation>();
  const problems: string[] = [];
  for (const operation of operations) {
    const checked = checkDocument(schema, operation.body, limits);
    const found = [
      ...identityProblems(operation, byId),
      ...('errors' in checked
        ? checked.errors.map(({ message }) => message)
        : [...definitionProblems(operation, checked.document), ...costProblems(schema, checked.document, limits)]),
    ];
    problems.push(...found.map((problem) => `  ${operation.name}: ${problem}`));
    if ('document' in checked) byId.set(operation.id, { body: operation.body, document: checked.document });
  }
  if (problems.length > 0) throw invalid(problems);
  return new RegisteredOperations(byId);
}

function invalid(problems: readonly string[]): GatewayError {
  const text = `${problems.length} problem(s) in GRAPHQL_OPERATIONS_FILE:\n${problems.join('\n')}\n`;
  return new GatewayError('CONFIG_INVALID', text);
}

async function readManifest(file: string): Promise<z.infer<typeof Manifest>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid([`  ${file}: ${code === undefined ? 'is no JSON' : `cannot be read (${code})`}`]);
  }
  const parsed = Manifest.safeParse(json);
  if (!parsed.success) throw invalid(parsed.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`));
  return parsed.data;
}

function identityProblems({ id, body }: ManifestOperation, byId: ReadonlyMap<string, unknown>): string[] {
  const expected = sha256(body);
  return [
    ...(id === expected ? [] : [`its id must be the SHA-256 of its body, ${expected}`]),
    ...(byId.has(id) ? ['another operation has the same id'] : []),
  ];
}

function definitionProblems({ name, type }: ManifestOperation, document: DocumentNode): string[] {
  const operations = document.definitions.filter(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  const [only] = operations;
  if (only === undefined || operations.length > 1) return ['its body must hold one operation'];
  return [
    ...(only.operation === type ? [] : [`its body is a ${only.operation}, not a ${type}`]),
    ...(only.name?.value === name ? [] : [`its body calls itself ${only.name?.value ?? 'nothing'}`]),
  ];
}

/** With the defaults of its variables, where it has one for each that is required. */
function costProblems(schema: GraphQLSchema, document: DocumentNode, { maxCost }: Config['graphql']): string[] {
  try {
    const found = costOf(schema, { document, operationName: undefined, variables: undefined });
    const error = excess({ what: 'a cost', limit: 'GRAPHQL_MAX_COST', found, allowed: maxCost });
    return error === undefined ? [] : [error.message];
  } catch (error) {
    if (error instanceof GraphQLError) return [];
    throw error;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

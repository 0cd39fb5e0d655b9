/** Makes operations out of the schema: most of them valid, with arguments that name real records, nearly real ones and rubbish. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Random } from '../random.ts';

/** An operation as it is sent. */
export interface GeneratedOperation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Values that arguments are made of. */
export interface Pool {
  readonly ids: readonly string[];
  readonly uids: readonly string[];
  readonly texts: readonly string[];
}

const MAX_DEPTH = 7;
const RUBBISH = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  "' OR 1=1 --",
  '%',
  '_',
  '\\',
  '../../etc',
  '0',
  'null',
  'x'.repeat(5000),
  '𝔘'.repeat(200),
];
const NUMBERS = [0, 1, 2, 3, 10, 50, 200, 201, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1.5, 1e308];
const DATES = [
  '2026-01-01',
  '2026-01-01T00:00:00Z',
  '0001-01-01',
  '9999-12-31T23:59:59.999Z',
  '+275760-09-13T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '2026-02-30',
  'today',
];

/** Root fields that lead to records of patients: asked for more often than the rest. */
const RECORDS = new Set([
  'patients',
  'patient',
  'studies',
  'study',
  'instance',
  'inferences',
  'inference',
  'findings',
  'changes',
  'node',
  'deidentifiedStudies',
  'requestInference',
]);
/** Arguments that alone name a record where a field has several ways to do so. */
const KEYS = new Set(['id', 'studyInstanceUid']);

/** Seldom given: hardly any text is one. */
const CURSORS = new Set(['after', 'before', 'last']);

/** Makes one operation of a seed's random numbers. */
export class OperationGenerator {
  readonly #schema: GraphQLSchema;
  readonly #pool: Pool;
  #variables: Record<string, unknown> = {};
  #declarations: string[] = [];
  #fragments: string[] = [];

  constructor(schema: GraphQLSchema, pool: Pool) {
    this.#schema = schema;
    this.#pool = pool;
  }

  /** @param excluded - root fields that are not asked for */
  make(random: Random, excluded: ReadonlySet<string>): GeneratedOperation {
    this.#variables = {};
    this.#declarations = [];
    this.#fragments = [];
    const kind = random.chance(0.85) ? 'query' : 'mutation';
    const root = kind === 'query' ? this.#schema.getQueryType() : this.#schema.getMutationType();
    const fields = Object.values(root?.getFields() ?? {}).filter(({ name }) => !excluded.has(name));
    const count = 1 + random.below(3);
    const records = fields.filter(({ name }) => RECORDS.has(name));
    const picked = Array.from({ length: count }, (_, index) => {
      const among = records.length > 0 && random.chance(0.7) ? records : fields;
      const field = this.#field(random, random.pick(among), 1);
      return count === 1 ? field : `f${index}: ${field}`;
    });
    const declared = this.#declarations.length === 0 ? '' : `(${this.#declarations.join(' ')})`;
    const text = `${kind} Fuzz${declared} { ${picked.join(' ')} } ${this.#fragments.join(' ')}`;
    return { query: random.chance(0.1) ? damage(random, text) : text, variables: this.#variables };
  }

  #field(random: Random, field: GraphQLField<unknown, unknown>, depth: number): string {
    const key = field.args.find(({ name }) => KEYS.has(name));
    const only = key !== undefined && random.chance(0.8) ? key : undefined;
    const args = field.args
      .filter(
        ({ type, name }) =>
          isNonNullType(type) ||
          (only === undefined ? random.chance(CURSORS.has(name) ? 0.05 : 0.4) : name === only.name),
      )
      .map(({ name, type }) => `${name}: ${this.#argument(random, name === 'id' ? field.name : name, type)}`);
    const directive = random.chance(0.03) ? ` @${random.pick(['skip', 'include'])}(if: ${random.chance(0.5)})` : '';
    return `${field.name}${args.length === 0 ? '' : `(${args.join(' ')})`}${directive}${this.#selection(random, field.type, depth)}`;
  }

  #selection(random: Random, type: GraphQLOutputType, depth: number): string {
    const named = getNamedType(type);
    if (!isCompositeType(named)) return random.chance(0.0005) ? ' { id }' : '';
    if (isAbstractType(named)) {
      const possible = this.#schema.getPossibleTypes(named);
      const some = Array.from({ length: 1 + random.below(3) }, () => random.pick(possible));
      return ` { __typename ${some.map((each) => `... on ${each.name}${this.#selection(random, each, depth)}`).join(' ')} }`;
    }
    const fields = Object.values(named.getFields());
    const usable = depth < MAX_DEPTH ? fields : fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    const chosen = usable.filter(() => random.chance(Math.min(1, 5 / usable.length)));
    const own = chosen.map(
      (field, index) => `${random.chance(0.1) ? `a${depth}_${index}: ` : ''}${this.#field(random, field, depth + 1)}`,
    );
    if (own.length === 0) own.push('__typename');
    if (isObjectType(named) && random.chance(0.05)) return ` { ${this.#asFragment(named, own)} }`;
    return ` { ${own.join(' ')} }`;
  }

  #asFragment({ name }: GraphQLNamedType, fields: readonly string[]): string {
    const fragment = `F${this.#fragments.length}`;
    this.#fragments.push(`fragment ${fragment} on ${name} { ${fields.join(' ')} }`);
    return `...${fragment}`;
  }

  #argument(random: Random, name: string, type: GraphQLInputType): string {
    const value = this.#value(random, name, type, 0);
    const variable = random.chance(0.5) || typeof value === 'object';
    if (!variable && !isEnumType(getNamedType(type))) return JSON.stringify(value) ?? 'null';
    const key = `v${this.#declarations.length}`;
    this.#declarations.push(`$${key}: ${String(type)}`);
    this.#variables[key] = value;
    return `$${key}`;
  }

  #value(random: Random, name: string, type: GraphQLInputType, depth: number, optional = true): unknown {
    if (isNonNullType(type)) return random.chance(0.01) ? null : this.#value(random, name, type.ofType, depth, false);
    if (optional && random.chance(0.05)) return null;
    if (isListType(type))
      return Array.from({ length: random.below(4) }, () => this.#value(random, name, type.ofType, depth + 1));
    if (random.chance(0.02)) return random.pick<unknown>([...RUBBISH, ...NUMBERS, [], {}, true]);
    if (isEnumType(type)) return random.pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || random.chance(0.4));
      return Object.fromEntries(
        fields.map((field) => [field.name, this.#value(random, field.name, field.type, depth + 1)]),
      );
    }
    return this.#scalar(random, name, type.name);
  }

  /** Mostly of the type that the argument is for, as `patientId` and the `id` of a field `patient` are. */
  #id(random: Random, name: string): string {
    const type = name.replace(/Id$/, '').toLowerCase();
    const fitting = this.#pool.ids.filter((id) =>
      Buffer.from(id, 'base64url').toString().toLowerCase().startsWith(`${type}:`),
    );
    const id = random.pick(fitting.length > 0 && random.chance(0.85) ? fitting : this.#pool.ids);
    return random.chance(0.95) ? id : damage(random, id);
  }

  #scalar(random: Random, name: string, typeName: string): unknown {
    switch (typeName) {
      case 'ID':
        return this.#id(random, name);
      case 'DicomUID':
        return random.chance(0.95) ? random.pick(this.#pool.uids) : random.pick(RUBBISH);
      case 'Int':
        return random.chance(0.92) ? 1 + random.below(12) : random.pick(NUMBERS);
      case 'Float':
        return random.chance(0.8) ? random.below(100) / 100 : random.pick(NUMBERS);
      case 'Boolean':
        return random.chance(0.5);
      case 'Date':
      case 'DateTime':
        return random.pick(DATES);
      default:
        return random.chance(0.7) ? random.pick(this.#pool.texts) : random.pick(RUBBISH);
    }
  }
}

/** The text with a few characters changed, removed or doubled. */
function damage(random: Random, text: string): string {
  let damaged = text;
  for (let times = 1 + random.below(3); times > 0 && damaged.length > 0; times -= 1) {
    const at = random.below(damaged.length);
    const length = 1 + random.below(8);
    const [before, part, after] = [damaged.slice(0, at), damaged.slice(at, at + length), damaged.slice(at + length)];
    damaged =
      before +
      random.pick(['', part + part, String.fromCharCode(random.below(0x250)), '{', '}', '"', '$', '...']) +
      after;
  }
  return damaged;
}

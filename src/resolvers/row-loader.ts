/**
 * Loaders of rows, by id and below parents, that share what they find.
 *
 * A page with everything below starts several statements at once, and their results ask for more rows by id: findings for
 * their inference, instances for their series. Those rows are mostly on their way already, so a batch by id waits for
 * the statements under way and then reads only what none of them has brought. Without that the number of statements
 * would depend on which of them happened to answer first.
 */
import DataLoader from 'dataloader';
import { rowsByIds } from '../store/reads/by-ids.ts';
import { childrenOf, MAXIMUM_CHILDREN, type Relation } from '../store/reads/children.ts';
import type { Table } from '../store/reads/define-table.ts';
import type { Reader } from '../store/reads/scope.ts';

/** Most keys of one statement. */
const MAXIMUM_BATCH = 1000;

/** The statements of one operation that are under way. */
export class StatementsUnderWay {
  readonly #pending = new Set<Promise<unknown>>();

  /** Counts a statement until it has answered. */
  async track<T>(statement: Promise<T>): Promise<T> {
    this.#pending.add(statement);
    try {
      return await statement;
    } finally {
      this.#pending.delete(statement);
    }
  }

  /** Calls back when those under way now have answered and the resolvers that waited for them have run. */
  readonly afterThem = (callback: () => void): void => {
    void Promise.allSettled(this.#pending).then(() => process.nextTick(callback));
  };
}

/** Rows of one table by their UUID; null where there is none. */
export class RowLoader<Row extends { readonly id: string }> extends DataLoader<string, Row | null> {
  readonly #known: Map<string, Row>;

  constructor(reader: Reader, table: Table<Row>, underWay: StatementsUnderWay) {
    const known = new Map<string, Row>();
    const read = async (ids: readonly string[]) => {
      const unknown = ids.filter((id) => !known.has(id));
      const rows = unknown.length === 0 ? [] : await rowsByIds(reader, table, unknown);
      for (const row of rows) if (row !== null) known.set(row.id, row);
      return ids.map((id) => known.get(id) ?? null);
    };
    super(read, { maxBatchSize: MAXIMUM_BATCH, batchScheduleFn: underWay.afterThem });
    this.#known = known;
  }

  /** Keeps rows that another statement has brought. */
  remember(rows: readonly Row[]): void {
    for (const row of rows) {
      this.#known.set(row.id, row);
      this.prime(row.id, row);
    }
  }
}

/** The rows below each parent, by the parent's UUID. */
export class ChildrenLoader<Row extends { readonly id: string }> extends DataLoader<string, readonly Row[]> {
  /**
   * @param rows - is given what is found
   * @param limit - most rows a parent
   */
  constructor(
    reader: Reader,
    relation: Relation<Row>,
    rows: RowLoader<Row>,
    underWay: StatementsUnderWay,
    limit: number = MAXIMUM_CHILDREN,
  ) {
    const read = async (parentIds: readonly string[]) => {
      const children = await underWay.track(childrenOf(reader, relation, parentIds, limit));
      rows.remember(children.flat());
      return children;
    };
    super(read, { maxBatchSize: MAXIMUM_BATCH });
  }
}

import type { Connection } from '../schema/page.type.ts';
import type { Page } from '../store/reads/keyset.ts';
import type { RowLoader } from './row-loader.ts';

/**
 * Turns a page that the store read into what the API gives.
 *
 * @param loader - is given the rows, so that what lies below them finds its way back for nothing
 */
export function toConnection<Row extends { readonly id: string }>(
  page: Page<Row>,
  loader: RowLoader<Row>,
): Connection<Row> {
  loader.remember(page.rows);
  return {
    edges: page.rows.map((node, index) => ({ node, cursor: page.cursors[index] ?? '' })),
    nodes: page.rows,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: page.cursors[0] ?? null,
      endCursor: page.cursors.at(-1) ?? null,
    },
    totalCount: page.count,
  };
}

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
  return connectionOfPage(page, page.rows);
}

/** @param nodes - what the API gives for each row of the page */
export function connectionOfPage<Node>(page: Page<unknown>, nodes: readonly Node[]): Connection<Node> {
  return {
    edges: nodes.map((node, index) => ({ node, cursor: page.cursors[index] ?? '' })),
    nodes,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: page.hasPreviousPage,
      startCursor: page.cursors[0] ?? null,
      endCursor: page.cursors.at(-1) ?? null,
    },
    totalCount: page.count,
  };
}

/** Who moved the version, when, why; and what waits for a second person. */
import { moment, personText } from '../format.ts';
import { html } from '../html.ts';
import { empty, type Section, table, words } from '../parts.ts';
import type { ReportData } from '../report-data.ts';

/** Moves oldest first, as a life is told; the data has them newest first. */
export function lifeSection({ transitions, openRequests, version }: ReportData): Section {
  const { rows, more } = transitions;
  const moves = table(
    'Moves between states, oldest first',
    [
      { name: 'Time', kind: 'when' },
      { name: 'From' },
      { name: 'To' },
      { name: 'By', kind: 'who' },
      { name: 'Reason', kind: 'what' },
    ],
    [...rows]
      .reverse()
      .map((row) => [moment(row.createdAt), row.fromState, row.toState, whoMoved(row), words(row.reason)]),
  );
  const waiting = table(
    'Requests that wait for a second administrator',
    [
      { name: 'Time', kind: 'when' },
      { name: 'Asks for' },
      { name: 'By', kind: 'who' },
      { name: 'Reason', kind: 'what' },
      { name: 'Expires', kind: 'when' },
    ],
    openRequests.map((row) => [
      moment(row.createdAt),
      row.toState === null ? 'other thresholds' : `move to ${row.toState}`,
      personText(row.requestedByName, row.requestedBy),
      words(row.reason),
      moment(row.expiresAt),
    ]),
  );
  const content = [
    html`<p>Moves are never changed or removed: a trigger of the database sees to it. Each has its record in the audit.</p>`,
    rows.length === 0
      ? empty(`The version has not been moved: it is ${version.state} since it was registered.`)
      : moves,
    more ? html`<p class="quiet">There are more moves; these are the ${rows.length} newest.</p>` : null,
    openRequests.length === 0 ? empty('No request waits for a second administrator.') : waiting,
  ];
  return { id: 'life', title: 'Life of the version', content };
}

type Move = ReportData['transitions']['rows'][number];

function whoMoved({ actor, actorName, approvedBy, approvedByName }: Move): string {
  const mover = personText(actorName, actor);
  return approvedBy === null ? mover : `${mover}, approved by ${personText(approvedByName, approvedBy)}`;
}

/** Where the schema may not be asked for, error messages must not tell it name by name. */
import type { GraphQLFormattedError } from 'graphql';

/** What graphql-js and Apollo append to a message when a name is nearly right. */
const SUGGESTION = /\s*Did you mean [^?]*\?/g;

/** The error without `Did you mean "..."?`. */
export function hideSuggestions<T extends GraphQLFormattedError>(error: T): T {
  return { ...error, message: error.message.replaceAll(SUGGESTION, '') };
}

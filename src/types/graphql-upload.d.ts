/**
 * Types of what is used of graphql-upload, which carries its own as JSDoc in JavaScript; the compiler does not read those
 * from packages.
 */
declare module 'graphql-upload/GraphQLUpload.mjs' {
  import type { GraphQLScalarType } from 'graphql';

  const GraphQLUpload: GraphQLScalarType;
  export default GraphQLUpload;
}

declare module 'graphql-upload/Upload.mjs' {
  /** Placed in the variables where a file belongs; the Upload scalar gives its promise to the resolver. */
  export default class Upload {
    promise: Promise<unknown>;
    resolve: (file: unknown) => void;
    reject: (error: Error) => void;
  }
}

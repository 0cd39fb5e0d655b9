/** graphql-upload carries its types as JSDoc in JavaScript, which the compiler does not read from packages. */
declare module 'graphql-upload/Upload.mjs' {
  /** Placed in the variables where a file belongs; the Upload scalar gives its promise to the resolver. */
  export default class Upload {
    promise: Promise<unknown>;
    resolve: (file: unknown) => void;
    reject: (error: Error) => void;
  }
}

import type { Readable } from 'node:stream';

/** A file of a GraphQL multipart request, in the form of graphql-upload. */
export interface FileUpload {
  /** As the sender named it; empty when it did not. */
  readonly filename: string;
  /** Its bytes as they arrive. The next file arrives once this stream has closed. */
  createReadStream(): Readable;
}

/** The `map` of a GraphQL multipart request: which file belongs where in the operation. */
import Upload from 'graphql-upload/Upload.mjs';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';

const MapField = z.record(z.string(), z.array(z.string().min(1)).min(1));

const badRequest = (problem: string): GatewayError => new GatewayError('BAD_REQUEST', problem);

/**
 * Places an Upload at each path of the map, in place.
 *
 * @param operation - the `operations` field, parsed
 * @param map - the `map` field, parsed
 * @returns the uploads by the name of the part that will carry their bytes, in the order of the map
 * @throws GatewayError BAD_REQUEST when a path does not lead to a null, TOO_MANY_PARTS for more than `maxFiles`
 */
export function placeUploads(operation: object, map: unknown, maxFiles: number): ReadonlyMap<string, Upload> {
  const parsed = MapField.safeParse(map);
  if (!parsed.success) throw badRequest('The map of the multipart request must give a list of paths for each file.');
  const entries = Object.entries(parsed.data);
  if (entries.length > maxFiles) {
    throw new GatewayError('TOO_MANY_PARTS', `The request has more files than GRAPHQL_MAX_FILES (${maxFiles}).`);
  }
  return new Map(
    entries.map(([name, paths]) => {
      const upload = new Upload();
      for (const path of paths) place(operation, path.split('.'), upload);
      return [name, upload];
    }),
  );
}

/** Only what the client sent as null is replaced, so a path can neither add properties nor reach a prototype. */
function place(operation: object, path: readonly string[], upload: Upload): void {
  let holder: unknown = operation;
  for (const key of path.slice(0, -1)) holder = own(holder, key);
  const last = path.at(-1) ?? '';
  if (own(holder, last) !== null) throw badRequest('A path of the map does not lead to a null in the operations.');
  (holder as Record<string, unknown>)[last] = upload;
}

function own(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  return (holder as Record<string, unknown>)[key];
}

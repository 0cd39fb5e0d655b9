/** The scalars of the API beyond GraphQL's own. */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDate, GraphQLDateTime, GraphQLJSON, GraphQLJSONObject, GraphQLSafeInt } from 'graphql-scalars';
import GraphQLUpload from 'graphql-upload/GraphQLUpload.mjs';

/** PS3.5 section 9.1: numeric components without leading zeros, joined by dots. */
const UID = /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/;

/** PS3.5 section 9.1. */
const LONGEST_UID = 64;

function parseUid(value: unknown): string {
  if (typeof value !== 'string' || value.length > LONGEST_UID || !UID.test(value)) {
    throw new GraphQLError('A DICOM UID is 1 to 64 characters: numbers without leading zeros, joined by dots.');
  }
  return value;
}

/** A UID. Given ones are checked; stored ones are shown as the films carry them. */
export const DicomUid = new GraphQLScalarType<string, string>({
  name: 'DicomUID',
  description: 'Unique identifier of DICOM (PS3.5 section 9.1), for example 1.2.840.10008.5.1.4.1.1.1.1.',
  specifiedByURL: 'https://dicom.nema.org/medical/dicom/current/output/chtml/part05/chapter_9.html',
  serialize: String,
  parseValue: parseUid,
  parseLiteral: (node) => parseUid(node.kind === Kind.STRING ? node.value : undefined),
});

/** A point in time. */
export const DateTime = GraphQLDateTime;

/** A calendar day. */
export const CalendarDate = GraphQLDate;

/** A whole number beyond 32 bits. */
export const SafeInt = GraphQLSafeInt;

/** Any JSON value. */
export const Json = GraphQLJSON;

/** A JSON object. */
export const JsonObject = GraphQLJSONObject;

/** A file of a multipart request. */
export const Upload = GraphQLUpload;

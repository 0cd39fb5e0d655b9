/**
 * Structured events. A log line holds an event name and fields of {@link LogFields} only: identifiers of our own,
 * counts, codes and times. Names, birth dates, medical record numbers and DICOM values have no field here, so no
 * patient data can be logged by a slip.
 */
import { type Logger as PinoLogger, pino } from 'pino';

/** The allow-listed fields. Adding one is a decision about privacy: identifiers given by a hospital do not belong here. */
export interface LogFields {
  readonly requestId?: string;
  readonly instanceId?: string;
  readonly inferenceId?: string;
  readonly modelVersionId?: string;
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly digest?: string;
  readonly transferId?: string;
  readonly rereadJobId?: string;
  /** Name of a DICOM node in the nodes file. */
  readonly node?: string;
  readonly door?: string;
  readonly code?: string;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly milliseconds?: number;
  readonly bytes?: number;
  readonly count?: number;
  readonly attempt?: number;
  readonly position?: string;
  readonly role?: string;
  readonly url?: string;
  readonly path?: string;
  readonly signal?: string;
  readonly threads?: number;
  readonly setting?: string;
  readonly state?: string;
  readonly precision?: string;
  /** Network address of a peer. */
  readonly address?: string;
  /** Address of the DICOM door. */
  readonly dicomUrl?: string;
  readonly callingAeTitle?: string;
  readonly calledAeTitle?: string;
  readonly weightBits?: number;
  readonly processor?: string;
  /** Message of an error without its data: for coded errors their text, for foreign ones their class and code. */
  readonly reason?: string;
}

/** Severities in use. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes structured events. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields, cause?: unknown): void;
}

/** Class, code and stack positions of a foreign error: its message may quote data, so it is left out. */
function describeCause(cause: unknown): Record<string, unknown> {
  if (!(cause instanceof Error)) return { errorType: typeof cause };
  const frames = cause.stack?.split('\n').filter((line) => line.trimStart().startsWith('at ')) ?? [];
  const inner = cause.cause === undefined ? {} : { cause: describeCause(cause.cause) };
  return {
    errorType: cause.constructor.name,
    errorCode: (cause as { code?: unknown }).code,
    frames: frames.slice(0, 8).map((line) => line.trim()),
    ...inner,
  };
}

/**
 * @param level - least severity that is written, or 'silent'
 * @param destination - a stream other than standard output (the demo writes its log to a file)
 */
export function createLog(level: LogLevel | 'silent', destination?: NodeJS.WritableStream): Log {
  const options = { level, base: { pid: process.pid }, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  const logger: PinoLogger = destination === undefined ? pino(options) : pino(options, destination);
  return {
    debug: (event, fields) => logger.debug({ event, ...fields }),
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields, cause) =>
      logger.error({ event, ...fields, ...(cause === undefined ? {} : { error: describeCause(cause) }) }),
  };
}

/** A log that writes nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

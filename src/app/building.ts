/** What each step of building the gateway is given. */
import type { LocalIssuer } from '../access/local-issuer.ts';
import type { Config } from '../config.ts';
import type { Disposables } from '../disposables.ts';
import type { Log } from '../log.ts';

/** What only tests, benches and the demo set. */
export interface AppOptions {
  readonly onStatement?: (sql: string) => void;
  /** Worker module of the inference pool; for tests of crashes. */
  readonly workerFile?: URL;
  /** false records no reads, to measure what recording costs. */
  readonly audit?: boolean;
  /** Told what is being opened, for a progress display. */
  readonly onProgress?: (step: string) => void;
  /** Whoever shows no credential is let in, with every role (serve --insecure-no-auth). */
  readonly insecureNoAuth?: boolean;
  /** Tokens of this issuer are accepted too; for the demo. */
  readonly localIssuer?: LocalIssuer;
}

/** For each step. */
export interface Building {
  readonly config: Config;
  readonly log: Log;
  readonly options: AppOptions;
  /** Whatever has an end is given to it as soon as it is built: the app closes it in reverse, also when a later step fails. */
  readonly opened: Disposables;
  /** Whether this process reads films and does other work of its own accord; one with ROLE=api only answers. */
  readonly readsFilms: boolean;
}

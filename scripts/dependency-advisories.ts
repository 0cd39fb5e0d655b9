/** What an npm audit report says of dependencies, less what has been looked at and accepted. */
import { z } from 'zod';

const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'] as const;
/** From here on an advisory fails the check. */
const FAILING: readonly string[] = ['high', 'critical'];

const Advisory = z.object({
  name: z.string(),
  title: z.string(),
  url: z.string(),
  severity: z.enum(SEVERITIES),
  range: z.string(),
});

/** Report of `npm audit --json`, version 2: `via` holds advisories, and names of packages that are affected through others. */
const Report = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(z.string(), z.object({ via: z.array(z.union([Advisory, z.string()])) })),
});

/** scripts/dependency-exceptions.json. */
export const Exceptions = z.array(
  z.strictObject({
    /** Such as GHSA-xxxx-xxxx-xxxx. */
    advisory: z.string().regex(/^GHSA(-[\w]{4}){3}$/, 'must be the id of a GitHub advisory'),
    package: z.string().min(1),
    /** Why it does no harm here. */
    reason: z.string().min(20, 'must say why it does no harm here'),
    /** When that was looked at. */
    date: z.iso.date(),
  }),
);

/** An advisory that nobody has accepted. */
export interface OpenAdvisory {
  readonly id: string;
  readonly text: string;
}

/** What the check finds. */
export type AuditOutcome =
  | { readonly kind: 'NOT_AVAILABLE'; readonly why: string }
  | {
      readonly kind: 'REPORT';
      readonly open: readonly OpenAdvisory[];
      /** Exceptions that no advisory needs any more. */
      readonly unused: readonly string[];
    };

/**
 * @param output - what `npm audit --json` wrote to standard output
 * @throws Error when it is neither a report nor the error of a registry without an audit
 */
export function judgeAudit(output: string, exceptions: z.infer<typeof Exceptions>): AuditOutcome {
  const json: unknown = JSON.parse(output);
  const failure = z.object({ message: z.string() }).safeParse(json);
  const parsed = Report.safeParse(json);
  if (!parsed.success) {
    if (failure.success) return { kind: 'NOT_AVAILABLE', why: failure.data.message.replace(/ - .*$/s, '') };
    throw new Error(`npm audit answered in an unknown form: ${parsed.error.message}`);
  }
  const advisories = Object.values(parsed.data.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((via) => typeof via !== 'string');
  const known = new Map(advisories.map((advisory) => [advisory.url.split('/').at(-1) ?? '', advisory]));
  const accepted = new Set(exceptions.map(({ advisory }) => advisory));
  const open = [...known]
    .filter(([id, { severity }]) => FAILING.includes(severity) && !accepted.has(id))
    .map(([id, { name, title, severity, range }]) => ({ id, text: `${severity}: ${name} ${range}: ${title} (${id})` }));
  return { kind: 'REPORT', open, unused: [...accepted].filter((id) => !known.has(id)) };
}

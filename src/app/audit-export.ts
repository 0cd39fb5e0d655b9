/** What sends the audit to a collector. */
import { SyslogExport } from '../audit-export/syslog-export.ts';
import type { Store } from '../store/store.ts';
import type { Building } from './building.ts';

/** Undefined where AUDIT_SYSLOG_URL is not set. */
export function openAuditExport({ config, log, opened }: Building, store: Store): SyslogExport | undefined {
  const { sourceId, syslog } = config.audit;
  if (syslog === undefined) return undefined;
  return opened.use(
    new SyslogExport({
      exports: store.auditExports,
      collector: syslog,
      source: { id: sourceId, aeTitle: config.dimse.aeTitle },
      log,
    }),
  );
}

/** Whoever runs a command on a machine that can open the database. */
import { userInfo } from 'node:os';
import type { AuditActor } from '../store/audit/audit-entry.ts';
import { ACCESS_ROLES } from './identity.ts';

/** @param operation - the command, such as `api-key create` */
export function commandLineActor(operation: string): AuditActor {
  return {
    subject: `command-line:${accountName()}`,
    kind: 'COMMAND_LINE',
    displayName: null,
    roles: ACCESS_ROLES,
    sourceAddress: null,
    requestId: null,
    operation,
    purpose: 'HSYSADMIN',
  };
}

/** The account, or its number where it has no name, as in many containers. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

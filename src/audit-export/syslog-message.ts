/** Audit messages as syslog messages (RFC 5424), framed for a stream (RFC 5425), as PS3.15 A.6 wants them. */

/** What the header of a message says. */
export interface SyslogHeader {
  readonly timestamp: Date;
  /** Name of the machine. */
  readonly hostname: string;
  readonly processId: number;
  /** Something was refused or failed. */
  readonly warning: boolean;
}

/** Security and authorization messages (PS3.15 A.6). */
const FACILITY = 10;

/** Warning, and normal but significant (PS3.15 A.6). */
const SEVERITY = { warning: 4, normal: 5 } as const;

const APP_NAME = 'cxr-gateway';

/** PS3.15 A.6. */
const MESSAGE_ID = 'DICOM+RFC3881';

/** Says that the message is in UTF-8 (RFC 5424 section 6.4). */
const BYTE_ORDER_MARK = '\ufeff';

/** A syslog message behind its length in octets and a space (RFC 5425 section 4.3). @param xml - of one audit message */
export function syslogFrame(xml: string, { timestamp, hostname, processId, warning }: SyslogHeader): Buffer {
  const priority = FACILITY * 8 + (warning ? SEVERITY.warning : SEVERITY.normal);
  const header = [
    `<${priority}>1`,
    timestamp.toISOString(),
    printable(hostname),
    APP_NAME,
    processId.toString(),
    MESSAGE_ID,
    '-', // no structured data
  ];
  const message = Buffer.from(`${header.join(' ')} ${BYTE_ORDER_MARK}${xml}`);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** HOSTNAME of RFC 5424 section 6: printable ASCII, at most 255 characters, or a hyphen for none. */
function printable(hostname: string): string {
  return hostname.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
}

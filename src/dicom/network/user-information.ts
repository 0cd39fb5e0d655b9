/** The User Information item of association PDUs (PS3.7 annex D.3.3, PS3.8 annex D.1). */
import type { Role } from './association.ts';
import { contentFrom, decodeText, decodeUid, encodeItem, itemsOf } from './item-reader.ts';
import { MalformedPdu } from './malformed-pdu.ts';

/** What the sides tell each other beside the contexts. */
export interface UserInformation {
  /** Longest P-DATA-TF PDU that the sender of this item takes; 0: any. */
  readonly maxPduBytes: number;
  readonly implementationClassUid: string;
  readonly implementationVersionName: string | undefined;
  /** By SOP class. */
  readonly roles: ReadonlyMap<string, Role>;
  /** The peer named a user (PS3.7 D.3.3.7). The gateway does not judge by it and sends no response to it. */
  readonly namesUser: boolean;
}

const ITEM = {
  MAXIMUM_LENGTH: 0x51,
  IMPLEMENTATION_CLASS_UID: 0x52,
  ROLE_SELECTION: 0x54,
  IMPLEMENTATION_VERSION_NAME: 0x55,
  USER_IDENTITY: 0x58,
} as const;

/** Sub-items of one association: a role and an extended negotiation for each of 128 contexts, and the single ones. */
const MAXIMUM_ITEMS = 512;

/**
 * Decodes the sub-items. Asynchronous operations windows, extended negotiation and kinds that are not known are left alone,
 * which by the standard means that they are not agreed to.
 *
 * @throws MalformedPdu when a sub-item does not hold what its type says
 */
export function decodeUserInformation(content: Buffer): UserInformation {
  let maxPduBytes = 0;
  let implementationClassUid = '';
  let implementationVersionName: string | undefined;
  let namesUser = false;
  const roles = new Map<string, Role>();
  for (const item of itemsOf(content, MAXIMUM_ITEMS)) {
    if (item.type === ITEM.MAXIMUM_LENGTH) {
      contentFrom(item.content, 4);
      maxPduBytes = item.content.readUInt32BE();
    } else if (item.type === ITEM.IMPLEMENTATION_CLASS_UID) {
      implementationClassUid = decodeUid(item.content);
    } else if (item.type === ITEM.IMPLEMENTATION_VERSION_NAME) {
      implementationVersionName = decodeText(item.content).slice(0, 16);
    } else if (item.type === ITEM.USER_IDENTITY) {
      namesUser = true;
    } else if (item.type === ITEM.ROLE_SELECTION) {
      const [sopClassUid, role] = decodeRole(item.content);
      roles.set(sopClassUid, role);
    }
  }
  return { maxPduBytes, implementationClassUid, implementationVersionName, roles, namesUser };
}

function decodeRole(content: Buffer): [sopClassUid: string, role: Role] {
  contentFrom(content, 2);
  const length = content.readUInt16BE();
  if (content.length !== length + 4) {
    throw new MalformedPdu('INVALID_PARAMETER', 'A role selection is not as long as its parts.');
  }
  const role = { scu: content.readUInt8(2 + length) === 1, scp: content.readUInt8(3 + length) === 1 };
  return [decodeUid(content.subarray(2, 2 + length)), role];
}

/** Encodes the sub-items. */
export function encodeUserInformation(user: UserInformation): Buffer {
  const maximum = Buffer.alloc(4);
  maximum.writeUInt32BE(user.maxPduBytes);
  const items = [
    encodeItem(ITEM.MAXIMUM_LENGTH, maximum),
    encodeItem(ITEM.IMPLEMENTATION_CLASS_UID, Buffer.from(user.implementationClassUid, 'latin1')),
  ];
  for (const [sopClassUid, { scu, scp }] of user.roles) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(sopClassUid.length);
    const roles = Uint8Array.of(scu ? 1 : 0, scp ? 1 : 0);
    items.push(encodeItem(ITEM.ROLE_SELECTION, length, Buffer.from(sopClassUid, 'latin1'), roles));
  }
  if (user.implementationVersionName !== undefined) {
    const name = Buffer.from(user.implementationVersionName, 'latin1');
    items.push(encodeItem(ITEM.IMPLEMENTATION_VERSION_NAME, name));
  }
  return Buffer.concat(items);
}

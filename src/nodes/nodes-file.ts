/**
 * DICOM_NODES_FILE -> the DICOM nodes that the gateway knows. A JSON list; every problem is reported at once. Secrets are
 * not in it: it names the files that hold them, relative to its own folder. docs/operations.md has an example.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type CertificateRule, parseCertificateRule } from '../dicom/network/client-certificate.ts';
import { AE_TITLE, type DicomNode } from '../dicom/network/node.ts';
import { GatewayError } from '../errors.ts';

/** Assigned to DICOM by IANA (PS3.8 section 9.1.1). */
const DEFAULT_PORT = 104;

const HOST = /^[\w.:-]{1,255}$/;

const dimseSchema = z.strictObject({
  aeTitle: z.string().regex(AE_TITLE, 'must be 1 to 16 printable characters'),
  host: z.string().regex(HOST, 'must be a host name or an address').optional(),
  port: z.int().min(1).max(65_535).default(DEFAULT_PORT),
  tls: z.boolean().default(false),
  caFile: z.string().min(1).optional(),
  retrieve: z.enum(['get', 'move'], 'must be "get" or "move"').default('get'),
  clientCertificate: z
    .string()
    .transform((text, context): CertificateRule => {
      const rule = parseCertificateRule(text);
      if (rule !== undefined) return rule;
      const message = 'must be a subject such as "CN=scanner-1,O=Hospital" or a fingerprint "sha256:AB:CD:..."';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional(),
});

const dicomWebSchema = z.strictObject({
  url: z.string().refine(isHttpUrl, 'must be an http or https address without credentials, query or fragment'),
  authorizationFile: z.string().min(1).optional(),
  caFile: z.string().min(1).optional(),
});

const nodeSchema = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, hyphens, underscores'),
    dimse: dimseSchema.optional(),
    dicomWeb: dicomWebSchema.optional(),
  })
  .refine(({ dimse, dicomWeb }) => dimse !== undefined || dicomWeb !== undefined, 'must have dimse, dicomWeb or both');

type NodeEntry = z.infer<typeof nodeSchema>;

/**
 * Reads and checks the nodes file.
 *
 * @param path - undefined: no node is known
 * @throws GatewayError CONFIG_INVALID naming everything that is wrong and what to set
 */
export async function readNodes(path: string | undefined): Promise<readonly DicomNode[]> {
  if (path === undefined) return [];
  const list = await readList(path);
  const problems: string[] = [];
  const entries: NodeEntry[] = [];
  for (const [index, item] of list.entries()) {
    const parsed = nodeSchema.safeParse(item);
    if (parsed.success) entries.push(parsed.data);
    else problems.push(...parsed.error.issues.map((issue) => `${label(item, index, issue.path)}: ${issue.message}`));
  }
  problems.push(...repeated('name', entries, ({ name }) => name));
  problems.push(...repeated('AE title', entries, ({ dimse }) => dimse?.aeTitle));
  const nodes: DicomNode[] = [];
  for (const entry of entries) {
    const authorization = await readAuthorization(entry, dirname(path), problems);
    nodes.push(toNode(entry, dirname(path), authorization));
  }
  if (problems.length > 0) throw invalid(path, problems);
  return nodes;
}

function toNode({ name, dimse, dicomWeb }: NodeEntry, folder: string, authorization: string | undefined): DicomNode {
  return {
    name,
    dimse: dimse && {
      ...dimse,
      host: dimse.host,
      caFile: pathOf(dimse.caFile, folder),
    },
    dicomWeb: dicomWeb && {
      url: dicomWeb.url.replace(/\/+$/, ''),
      authorization,
      caFile: pathOf(dicomWeb.caFile, folder),
    },
  };
}

function pathOf(file: string | undefined, folder: string): string | undefined {
  return file === undefined ? undefined : resolve(folder, file);
}

async function readList(path: string): Promise<readonly unknown[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw invalid(path, ['cannot be read; set DICOM_NODES_FILE to a readable file'], cause);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw invalid(path, [`is no JSON (${(cause as Error).message})`], cause);
  }
  if (!Array.isArray(content)) throw invalid(path, ['must be a JSON list of nodes']);
  return content;
}

/** The first line of the file that `authorizationFile` names: the whole value of the header, such as `Bearer abc`. */
async function readAuthorization(
  { name, dicomWeb }: NodeEntry,
  folder: string,
  problems: string[],
): Promise<string | undefined> {
  if (dicomWeb?.authorizationFile === undefined) return undefined;
  const text = await readFile(resolve(folder, dicomWeb.authorizationFile), 'utf8').catch(() => undefined);
  const value = text?.split(/\r?\n/)[0]?.trim();
  if (value !== undefined && /^[\x21-\x7e]+( [\x20-\x7e]+)?$/.test(value)) return value;
  problems.push(
    `${name}.dicomWeb.authorizationFile: must be a readable file whose first line is the Authorization header, such as "Bearer ..."`,
  );
  return undefined;
}

function repeated(what: string, entries: readonly NodeEntry[], keyOf: (entry: NodeEntry) => string | undefined) {
  const counts = Map.groupBy(entries, keyOf);
  return [...counts].flatMap(([key, having]) =>
    key === undefined || having.length === 1 ? [] : [`${what} ${key}: must be unique; ${having.length} nodes have it`],
  );
}

/** Names the entry as its author does, or by its place where it has no name. */
function label(item: unknown, index: number, path: readonly PropertyKey[]): string {
  const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined;
  return [typeof name === 'string' && name !== '' ? name : `[${index}]`, ...path.map(String)].join('.');
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

function invalid(path: string, problems: readonly string[], cause?: unknown): GatewayError {
  const lines = problems.map((problem) => `  ${problem}`).join('\n');
  return new GatewayError('CONFIG_INVALID', `The nodes file ${path} is wrong:\n${lines}\n`, {}, { cause });
}

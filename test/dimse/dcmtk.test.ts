/** The door as DCMTK's senders see it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom, phantomUid } from '../../src/dicom/phantom.ts';
import {
  DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
  EXPLICIT_VR_BIG_ENDIAN,
  EXPLICIT_VR_LITTLE_ENDIAN,
  IMPLICIT_VR_LITTLE_ENDIAN,
  JPEG_BASELINE,
  JPEG_LOSSLESS_FIRST_ORDER,
  JPEG_LS_LOSSLESS,
  RLE_LOSSLESS,
} from '../../src/dicom/transfer-syntaxes.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { installed } from '../support/peers/programs.ts';
import { runProgram } from '../support/peers/run-program.ts';

const PROGRAMS = ['echoscu', 'storescu', 'dcmsend', 'dcmcjpeg', 'dcmcjpls', 'dcmcrle', 'dcmconv'];
const hasDcmtk = PROGRAMS.every((program) => installed(program) !== undefined);

let gateway: TestApp;
let folder: string;
let seed = 52_000;

/** A phantom on disk. */
async function phantom(bitsStored = 12): Promise<{ readonly path: string; readonly uid: string }> {
  seed += 1;
  const path = join(folder, `${seed}.dcm`);
  await writeFile(path, makePhantom({ seed, rows: 256, columns: 256, bitsStored }));
  return { path, uid: phantomUid(`instance ${seed}`) };
}

const dcmtk = (program: string, ...args: string[]) => runProgram(installed(program) ?? program, args);
const door = () => ['127.0.0.1', String(gateway.dimse?.port)];
const stored = (sopInstanceUid: string) => gateway.app.store.prisma.instance.findUnique({ where: { sopInstanceUid } });

describe.skipIf(!hasDcmtk)('DCMTK (needs its tools)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxr-gateway-dcmtk-'));
    gateway = await startTestApp({ DIMSE_UNKNOWN_CALLERS: 'accept', ROLE: 'api' });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('echoes, with the right title only', async () => {
    const right = await dcmtk('echoscu', '-v', '-aec', 'CXRGATEWAY', '--repeat', '20', ...door());
    expect(right).toMatchObject({ code: 0, output: expect.stringContaining('Received Echo Response (Success)') });
    const wrong = await dcmtk('echoscu', '-v', '-aec', 'OTHER', ...door());
    expect(wrong.code).not.toBe(0);
    expect(wrong.output).toContain('Called AE Title Not Recognized');
  });

  it('echoes with every transfer syntax that it can propose', async () => {
    const { code } = await dcmtk(
      'echoscu',
      '-aec',
      'CXRGATEWAY',
      '--propose-ts',
      '38',
      '--propose-pc',
      '128',
      ...door(),
    );
    expect(code).toBe(0);
  });

  it.each([
    ['Implicit VR', '-xi', IMPLICIT_VR_LITTLE_ENDIAN, 12, undefined],
    ['Explicit VR', '-xe', EXPLICIT_VR_LITTLE_ENDIAN, 12, undefined],
    ['Explicit VR Big Endian', '-xb', EXPLICIT_VR_BIG_ENDIAN, 12, ['dcmconv', '+tb']],
    ['deflated', '-xd', DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, 12, ['dcmconv', '+td']],
    ['JPEG baseline', '-xy', JPEG_BASELINE, 8, ['dcmcjpeg', '+eb']],
    ['JPEG lossless', '-xs', JPEG_LOSSLESS_FIRST_ORDER, 12, ['dcmcjpeg', '+e1']],
    ['JPEG-LS lossless', '-xt', JPEG_LS_LOSSLESS, 12, ['dcmcjpls', '+el']],
    ['RLE', '-xr', RLE_LOSSLESS, 12, ['dcmcrle']],
  ] as const)('sends films in %s (storescu %s)', async (_name, option, syntax, bits, encoder) => {
    const { path, uid } = await phantom(bits);
    let sent = path;
    if (encoder !== undefined) {
      sent = `${path}.encoded`;
      // Lossy encoders give a new SOP Instance UID unless they are told not to.
      const same = option === '-xy' ? ['+un'] : [];
      const [program, ...args] = encoder;
      expect(await dcmtk(program, ...args, ...same, path, sent)).toMatchObject({ code: 0 });
    }
    const sending = await dcmtk('storescu', '-v', '-R', option, '-aec', 'CXRGATEWAY', ...door(), sent);
    expect(sending.output).toContain('Received Store Response (Success)');
    expect(await stored(uid)).toMatchObject({ transferSyntaxUid: syntax, callingAeTitle: 'STORESCU' });
  });

  it('sends many films on one association, and all of them again', async () => {
    const films = [await phantom(), await phantom(), await phantom(), await phantom()];
    const paths = films.map(({ path }) => path);
    for (let round = 0; round < 2; round += 1) {
      const { code, output } = await dcmtk('dcmsend', '-v', '-aec', 'CXRGATEWAY', ...door(), ...paths);
      expect(code, output).toBe(0);
      expect(output).toMatch(/with status SUCCESS +: 4/);
    }
    const uids = films.map(({ uid }) => uid);
    const count = await gateway.app.store.prisma.instance.count({ where: { sopInstanceUid: { in: uids } } });
    expect(count).toBe(4);
  });

  it('sends the film that came by STOW-RS before, written anew and in another encoding, as a duplicate', async () => {
    const { path, uid } = await phantom();
    const body = makePhantom({ seed, rows: 256, columns: 256 });
    const response = await fetch(`${gateway.url}/dicomweb/studies`, {
      method: 'POST',
      headers: {
        'content-type': 'multipart/related; type="application/dicom"; boundary=x',
        accept: 'application/dicom+json',
      },
      body: Buffer.concat([
        Buffer.from('--x\r\nContent-Type: application/dicom\r\n\r\n'),
        body,
        Buffer.from('\r\n--x--\r\n'),
      ]),
    });
    expect(response.status).toBe(200);
    const before = await stored(uid);
    for (const option of ['-xe', '-xi']) {
      const { output } = await dcmtk('storescu', '-v', '-R', option, '-aec', 'CXRGATEWAY', ...door(), path);
      expect(output).toContain('Received Store Response (Success)');
    }
    expect(await stored(uid)).toEqual(before);
  });

  it('is told of a film that differs', async () => {
    const { path, uid } = await phantom();
    await dcmtk('storescu', '-R', '-aec', 'CXRGATEWAY', ...door(), path);
    const changed = join(folder, 'changed.dcm');
    const elements = { '00100010': ['PN', 'SOMEBODY^ELSE'] as const };
    await writeFile(changed, makePhantom({ seed, rows: 256, columns: 256, elements }));
    const { output } = await dcmtk('storescu', '-d', '-R', '-aec', 'CXRGATEWAY', ...door(), changed);
    expect(output).toMatch(/0x0111/);
    expect(await stored(uid)).not.toBeNull();
  });
});

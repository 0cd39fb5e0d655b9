/**
 * A frontal chest as a map of attenuation, drawn from smooth shapes. Coordinates: x from -1 (the patient's right, left
 * in the image) to 1, y from 0 (top) to 1. Values: 0 is air, 1 the densest bone. It is made to look like a chest film
 * to a person and to a model's preprocessing; it is no measurement of anybody.
 */

/** What differs from one phantom to the next. Lengths are in the coordinates above. */
export interface PhantomAnatomy {
  /** 0.8 (slender) to 1.4 (large); 1 is a cardiothoracic ratio of about one half. */
  readonly heartSize: number;
  /** Side of a pleural effusion and its height above the diaphragm, 0 to 0.3. */
  readonly effusion: { readonly side: 'LEFT' | 'RIGHT'; readonly height: number } | null;
  readonly nodule: { readonly x: number; readonly y: number; readonly radius: number } | null;
  /** 0.9 to 1.1: breadth of the thorax. */
  readonly breadth: number;
  /** -0.03 to 0.03: how far the diaphragm stands from its usual place, down positive. */
  readonly inspiration: number;
}

/**
 * Draws the attenuation on a grid.
 *
 * @returns row-major, `size` x `size`, 0 to 1
 */
export function drawAttenuation(anatomy: PhantomAnatomy, size: number): Float32Array {
  const map = new Float32Array(size * size);
  for (let row = 0; row < size; row += 1) {
    const y = (row + 0.5) / size;
    for (let column = 0; column < size; column += 1) {
      const x = (((column + 0.5) / size) * 2 - 1) / anatomy.breadth;
      map[row * size + column] = attenuationAt(anatomy, x, y);
    }
  }
  return map;
}

function attenuationAt(anatomy: PhantomAnatomy, x: number, y: number): number {
  const torso = torsoAt(x, y);
  if (torso < 0.01) return 0;
  const lung = lungAt(anatomy, x, y);
  const belowDiaphragm = below(diaphragmAt(anatomy, x), y, 0.02);
  const soft = 0.5 + 0.06 * y - 0.14 * Math.abs(x) + 0.16 * belowDiaphragm;
  const filling = effusionAt(anatomy, x, y);
  const aerated = lung * (1 - filling);
  const density =
    soft -
    0.34 * aerated +
    aerated * (vesselsAt(x, y) + noduleAt(anatomy, x, y)) +
    0.24 * heartAt(anatomy, x, y) * (0.35 + 0.65 * lung) * (1 - 0.6 * belowDiaphragm) +
    0.14 * mediastinumAt(x, y) +
    0.1 * spineAt(x, y) +
    ribsAt(x, y) * (0.3 + 0.7 * lung) * (1 - 0.7 * belowDiaphragm) +
    0.13 * clavicleAt(x, y) +
    0.05 * scapulaAt(x, y) -
    0.12 * tracheaAt(x, y);
  return Math.min(1, Math.max(0, torso * density));
}

/** 1 well below `edge`, 0 well above it, over a transition of about `softness`. */
function below(value: number, edge: number, softness: number): number {
  return 1 / (1 + Math.exp((4 * (value - edge)) / softness));
}

/** 1 at distance 0, falling off within `radius`. */
function bump(distance: number, radius: number): number {
  return Math.exp(-((distance / radius) ** 2));
}

/** Neck, shoulders and trunk against air. */
function torsoAt(x: number, y: number): number {
  const across = Math.abs(x);
  const shoulder = 0.24 + 0.95 * below(0.16 - y, 0, 0.1);
  const trunk = 0.99 - 0.05 * y;
  return below(across, Math.min(shoulder, trunk), 0.03);
}

/** Height of the diaphragm's dome; the right one stands higher (the liver), angles fall off to the side. */
function diaphragmAt(anatomy: PhantomAnatomy, x: number): number {
  const dome = 0.77 + 0.015 * Math.tanh(x / 0.1);
  const fromDome = Math.abs(x) - 0.4;
  return dome + anatomy.inspiration + (fromDome > 0 ? 0.72 : 0.25) * fromDome ** 2;
}

function lungAt(anatomy: PhantomAnatomy, x: number, y: number): number {
  const across = Math.abs(x);
  // From the apex the outer wall runs outwards like an ellipse, then straight down.
  const rise = Math.min(1, Math.max(0, (y - 0.07) / 0.5));
  const outer = 0.34 + 0.48 * Math.sqrt(1 - (1 - rise) ** 2);
  const apex = 0.085 + 1.1 * (across - 0.32) ** 2;
  const inner = 0.13 + 0.03 * Math.sin(9 * y);
  return (
    below(across, outer, 0.03) *
    below(inner, across, 0.04) *
    below(apex, y, 0.03) *
    below(y, diaphragmAt(anatomy, x), 0.014)
  );
}

/** An ellipse that lies to the left with its apex down, and the arch of the aorta above it. */
function heartAt(anatomy: PhantomAnatomy, x: number, y: number): number {
  const size = anatomy.heartSize;
  const [dx, dy] = [x - 0.12 * size, y - 0.66];
  const along = 0.9 * dx + 0.6 * dy;
  const athwart = -0.35 * dx + 0.95 * dy;
  const heart = below(Math.hypot(along / (0.34 * size), athwart / (0.165 * size)), 1, 0.16);
  const arch = below(Math.hypot((x - 0.11) / 0.1, (y - 0.33) / 0.06), 1, 0.25);
  const auricle = below(Math.hypot((x + 0.1) / (0.12 * size), (y - 0.62) / 0.12), 1, 0.25);
  return Math.max(heart, 0.9 * arch, auricle);
}

function mediastinumAt(x: number, y: number): number {
  return below(Math.abs(x - 0.01), 0.13 - 0.03 * bump(y - 0.45, 0.12), 0.05);
}

/** Vertebral bodies with the discs between them and the pedicles at their sides. */
function spineAt(x: number, y: number): number {
  const across = Math.abs(x);
  const phase = (y / 0.058) % 1;
  const body = below(across, 0.075, 0.03) * (0.75 + 0.25 * Math.cos(2 * Math.PI * phase));
  const pedicle = bump(Math.hypot(across - 0.05, (phase - 0.35) * 0.058), 0.012);
  return body + 0.5 * pedicle;
}

/** Posterior ribs slope down to the side, anterior ones back to the middle; each is denser at its margins. */
function ribsAt(x: number, y: number): number {
  const across = Math.abs(x);
  if (across < 0.07 || across > 0.9) return 0;
  const posterior = ribBand(y - 0.105 - 0.16 * Math.max(0, across - 0.1) ** 1.4, 0.068, 0.0135, 9);
  const anterior = ribBand(y - 0.5 + 0.52 * (across - 0.05) - 0.28 * across ** 2, 0.088, 0.017, 4);
  const fade = below(0.3, across, 0.2);
  return 0.085 * posterior + 0.05 * anterior * fade;
}

/** Bands `spacing` apart, from the one at 0 to number `last`. */
function ribBand(offset: number, spacing: number, halfWidth: number, last: number): number {
  const number = Math.round(offset / spacing);
  if (number < 0 || number > last) return 0;
  const distance = Math.abs(offset - number * spacing);
  return below(distance, halfWidth, 0.008) * (0.65 + 0.35 * Math.min(1, distance / halfWidth) ** 2);
}

function clavicleAt(x: number, y: number): number {
  const across = Math.abs(x);
  const axis = 0.165 - 0.1 * (across - 0.08) + 0.035 * Math.sin(5.5 * (across - 0.1));
  return below(Math.abs(y - axis), 0.015, 0.008) * below(0.08, across, 0.03) * below(across, 0.72, 0.05);
}

function scapulaAt(x: number, y: number): number {
  const across = Math.abs(x);
  return below(Math.hypot((across - 0.88) / 0.16, (y - 0.31) / 0.2), 1, 0.3);
}

function tracheaAt(x: number, y: number): number {
  return below(Math.abs(x + 0.005), 0.038, 0.02) * below(y, 0.36, 0.05);
}

/** Vessels: dense at the hila, winding and thinning outwards. */
function vesselsAt(x: number, y: number): number {
  const [dx, dy] = [Math.abs(x) - 0.16, 1.5 * (y - 0.48)];
  const fromHilum = Math.hypot(dx, dy);
  const side = x < 0 ? 0.7 : 2.1;
  const winding = 0.2 * Math.sin(13 * fromHilum + side) + 0.1 * Math.sin(29 * fromHilum + 7 * dy);
  const branches = 0.5 + 0.5 * Math.cos(8 * (Math.atan2(dy, dx + 0.05) + winding) + side);
  const reach = bump(fromHilum, 0.4) - bump(fromHilum, 0.1);
  return 0.13 * bump(fromHilum, 0.13) + 0.08 * branches ** 6 * Math.max(0, reach);
}

/** Fluid at the base of one lung: its level rises to the side wall (the meniscus). */
function effusionAt(anatomy: PhantomAnatomy, x: number, y: number): number {
  const { effusion } = anatomy;
  if (effusion === null || x > 0 !== (effusion.side === 'LEFT')) return 0;
  const level = diaphragmAt(anatomy, x) - effusion.height * (0.55 + 0.8 * Math.abs(x) ** 3);
  return below(level, y, 0.03);
}

function noduleAt(anatomy: PhantomAnatomy, x: number, y: number): number {
  const { nodule } = anatomy;
  return nodule === null ? 0 : 0.26 * below(Math.hypot(x - nodule.x, 2 * (y - nodule.y)), nodule.radius, 0.02);
}

/**
 * Drawings of what is no frontal chest film, none of it of anybody: they stand for the pictures that the fit has no real
 * examples of. Other seeds make other drawings.
 */
import { type Chance, draw, type Picture, SIDE } from './picture.ts';

/** Soft blobs, bright and dark. */
function blobs(chance: Chance): Picture {
  const shapes = Array.from({ length: chance.whole(2, 12) }, () => {
    const [size, angle, flat] = [chance.between(0.04, 0.4), chance.between(0, Math.PI), chance.between(0.3, 1)];
    const [x, y, brightness] = [chance.between(0, 1), chance.between(0, 1), chance.normal()];
    return (px: number, py: number) => {
      const [dx, dy] = [px - x, py - y];
      const along = (dx * Math.cos(angle) + dy * Math.sin(angle)) / size;
      const athwart = (dy * Math.cos(angle) - dx * Math.sin(angle)) / (size * flat);
      return brightness * Math.exp(-(along ** 2 + athwart ** 2) / 2);
    };
  });
  return draw((x, y) => shapes.reduce((sum, shape) => sum + shape(x, y), 0));
}

/** A limb: soft tissue with one or two bones, straight across the picture, sometimes between white shutters. */
function limb(chance: Chance): Picture {
  const angle = chance.between(-0.5, 0.5) + chance.whole(0, 2) * (Math.PI / 2);
  const [offset, width, taper] = [chance.between(-0.2, 0.2), chance.between(0.15, 0.4), chance.between(-0.3, 0.3)];
  const bones = Array.from({ length: chance.whole(1, 3) }, () => ({
    center: chance.between(-0.5, 0.5) * width,
    radius: chance.between(0.2, 0.4) * width,
  }));
  const shutter = chance.happens(0.4) ? chance.between(0.05, 0.2) : 0;
  const shutterGrey = chance.happens(0.5) ? 0 : 1.2;
  const round = (distance: number, radius: number) => Math.sqrt(Math.max(0, 1 - (distance / radius) ** 2));
  return draw((x, y) => {
    if (x < shutter || x > 1 - shutter) return shutterGrey;
    const across = (x - 0.5) * Math.cos(angle) + (y - 0.5) * Math.sin(angle) + offset;
    const along = (y - 0.5) * Math.cos(angle) - (x - 0.5) * Math.sin(angle);
    const soft = 0.5 * round(across, Math.max(0.05, width + taper * along));
    return bones.reduce((sum, { center, radius }) => sum + 0.5 * round(across - center, radius), soft);
  });
}

/** A slice: a bright rim around a grey inside, as of a head or a trunk. */
function slice(chance: Chance): Picture {
  const [x, y] = [chance.between(0.4, 0.6), chance.between(0.4, 0.6)];
  const [wide, high, rim] = [chance.between(0.25, 0.5), chance.between(0.25, 0.5), chance.between(0.8, 0.95)];
  const inside = blobs(chance);
  return draw((px, py) => {
    const distance = Math.hypot((px - x) / wide, (py - y) / high);
    if (distance > 1) return 0;
    const index = Math.floor(py * SIDE) * SIDE + Math.floor(px * SIDE);
    return 0.5 + (distance > rim ? 0.5 : 0) + 0.1 * (inside[index] as number);
  });
}

/** Chequers, ramps, stripes, patches and lines of text. */
function pattern(chance: Chance): Picture {
  const period = chance.whole(3, 20) / SIDE;
  const angle = chance.between(0, Math.PI);
  const along = (x: number, y: number) => x * Math.cos(angle) + y * Math.sin(angle);
  switch (chance.whole(0, 5)) {
    case 0:
      return draw((x, y) => (Math.floor(x / period) + Math.floor(y / period)) % 2);
    case 1:
      return draw(along);
    case 2:
      return draw((x, y) => Math.sin((along(x, y) * 2 * Math.PI) / period));
    case 3: {
      const patches = Array.from({ length: 64 }, () => chance.between(0, 1));
      return draw((x, y) => patches[Math.floor(y * 8) * 8 + Math.floor(x * 8)] as number);
    }
    default: {
      const ends = Array.from({ length: 13 }, () => chance.between(0.4, 0.95));
      const white = chance.happens(0.5);
      return draw((x, y) => {
        const isInk = (y * SIDE) % 5 < 2 && x > 0.06 && x < (ends[Math.floor((y * SIDE) / 5)] ?? 0);
        return isInk === white ? 1 : 0;
      });
    }
  }
}

/** The outline of a lateral chest: one lung field, the spine at one side, the heart at the other, a slanting diaphragm. */
function lateral(chance: Chance): Picture {
  const half = chance.between(0.36, 0.46);
  const center = 0.52 + chance.between(-0.04, 0.04);
  const [diaphragm, slope] = [chance.between(0.66, 0.85), chance.between(0.1, 0.35)];
  const [lungWidth, lungHeight] = [half * chance.between(0.72, 0.86), chance.between(0.42, 0.5)];
  const spine = center - half * chance.between(0.62, 0.75);
  const spineFade = chance.between(0, 0.1);
  const heart = { y: chance.between(0.55, 0.65), wide: chance.between(0.12, 0.17), high: chance.between(0.13, 0.19) };
  const shoulder = chance.between(0, 0.18);
  const facesLeft = chance.happens(0.5);
  const texture = blobs(chance);
  return draw((px, y) => {
    const x = facesLeft ? 1 - px : px;
    const curve = 0.04 * Math.sin(3 * y);
    const body = Math.min(1, Math.max(0, (half - Math.abs(x - 0.5 - curve)) / 0.04));
    const field = (Math.abs(x - center) / lungWidth) ** 2.5 + ((y - 0.48) / lungHeight) ** 2;
    const edge = diaphragm + slope * (center - x);
    const lung = 1 / (1 + Math.exp(12 * (field - 1))) / (1 + Math.exp(50 * (y - edge)));
    const heartAt = Math.exp(-((((x - center - 0.1) / heart.wide) ** 2 + ((y - heart.y) / heart.high) ** 2) ** 2));
    const index = Math.floor(y * SIDE) * SIDE + Math.floor(px * SIDE);
    return (
      body * (0.45 + 0.15 * y + shoulder * Math.max(0, 1 - y / 0.18)) -
      0.25 * lung +
      (0.12 - spineFade * y) * Math.exp(-(((x - spine + curve) / 0.06) ** 2)) +
      0.16 * heartAt +
      0.06 * Math.exp(-(((x - center) / 0.07) ** 2 + ((y - 0.42) / 0.09) ** 2)) +
      0.015 * (texture[index] as number)
    );
  });
}

/** Every kind by name. */
export const DRAWINGS: Readonly<Record<string, (chance: Chance) => Picture>> = { blobs, limb, slice, pattern, lateral };

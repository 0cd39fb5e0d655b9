/**
 * Frontal and lateral films of one simulated thorax: ellipsoids of soft tissue, air and bone, whose lengths along parallel
 * rays attenuate. Coarse, but light and dark fall where physics puts them, which drawings do not warrant. Centimetres: x to
 * the side, y to the back, z down.
 */
import { type Chance, draw, type Picture } from './picture.ts';

/** Along which axis the rays go. */
export type Projection = 'FRONTAL' | 'LATERAL';

interface Ellipsoid {
  readonly center: readonly [x: number, y: number, z: number];
  readonly radii: readonly [x: number, y: number, z: number];
}

const HEIGHT = 43;
const WIDTH = 36;
const ATTENUATION = 0.2;

/** A thorax of random build, seen along one axis: rank by rank as on film, bright where much is in the way. */
export function simulateThorax(chance: Chance, projection: Projection): Picture {
  const vary = (share: number): number => 1 + share * chance.normal();
  const [along, across] = projection === 'FRONTAL' ? ([1, 0] as const) : ([0, 1] as const);
  const facing = chance.happens(0.5) ? 1 : -1;
  const top = 2 * chance.normal();
  const length = ({ center, radii }: Ellipsoid, u: number, z: number): number => {
    const inside = 1 - ((u - center[across]) / radii[across]) ** 2 - ((z - center[2]) / radii[2]) ** 2;
    return inside <= 0 ? 0 : 2 * radii[along] * Math.sqrt(inside);
  };
  const pair = (center: Ellipsoid['center'], radii: Ellipsoid['radii']): Ellipsoid[] =>
    [-1, 1].map((side) => ({ center: [side * center[0], center[1], center[2]], radii }));
  const trunk = [16.5 * vary(0.08), 11.5 * vary(0.1)] as const;
  const lungs = pair([7.3 * vary(0.04), 0.8, 18 + top], [6.2 * vary(0.05), 9.2 * vary(0.05), 13.5 * vary(0.05)]);
  const heart: Ellipsoid = {
    center: [2.5 * vary(0.2), -3 * vary(0.2), 22 + top],
    radii: [6.2 * vary(0.1), 5 * vary(0.1), 6 * vary(0.1)],
  };
  const mediastinum: Ellipsoid = { center: [0, 0, 14 + top], radii: [3 * vary(0.1), 6, 14] };
  const neck: Ellipsoid = { center: [0, 1, 1 + top], radii: [5.5, 5, 8] };
  const shoulders = pair([14 * vary(0.03), 2, 8 + top], [6, 6, 6]);
  const arms: Ellipsoid = { center: [0, -6 + 2 * chance.normal(), 2 + top], radii: [14, 4, 7] };
  const vertebrae = Array.from({ length: 18 }, (_, index): Ellipsoid => {
    return { center: [0, 6.3 + 0.9 * Math.sin(index / 5), 1 + top + 2.4 * index], radii: [2, 2.2, 1.05] };
  });
  const diaphragm = 29 + top + 1.5 * chance.normal();
  const gamma = chance.between(0.7, 1.3);
  const sum = (parts: readonly Ellipsoid[], u: number, z: number): number =>
    parts.reduce((total, part) => total + length(part, u, z), 0);
  return draw((px, py) => {
    const [u, z] = [(px - 0.5) * WIDTH * (projection === 'LATERAL' ? facing : 1), py * HEIGHT];
    const edge = Math.max(0, 1 - Math.abs(u / trunk[across]) ** 2.5) ** 0.4;
    const body = (2 * trunk[along] * edge) / (1 + Math.exp((5 + top - z) / 1.2));
    const air = lungs.reduce((total, lung) => {
      const dome = diaphragm + 1.6 * ((u - (projection === 'FRONTAL' ? lung.center[0] : -1)) / 5.5) ** 2;
      return total + length(lung, u, z) / (1 + Math.exp((z - dome) / 0.4));
    }, 0);
    const solid = Math.min(0.7 * air, 0.45 * length(heart, u, z) + 0.35 * length(mediastinum, u, z));
    const limbs = projection === 'LATERAL' ? 0.5 * length(arms, u, z) : 0;
    const soft = body + 0.8 * length(neck, u, z) + 0.7 * sum(shoulders, u, z) + limbs - 0.75 * (air - solid);
    const path = Math.max(0, soft) + 0.45 * sum(vertebrae, u, z);
    return (ATTENUATION * path + 0.03 * chance.normal()) ** gamma || 0;
  });
}

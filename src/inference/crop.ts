/** Crops of a film that was resized, placed as torchvision's `CenterCrop` and `TenCrop` place them. */

/** Size in pixels. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Size that a film is resized to before the crop. With its aspect kept it is torchvision's `Resize(size)`: the shorter
 * side becomes `size`, the longer one follows, its fraction cut off.
 *
 * @param resize - of the manifest; the size of the input where it gives none
 */
export function cropStageSize(
  film: { readonly rows: number; readonly columns: number },
  resize: {
    readonly height?: number | undefined;
    readonly width?: number | undefined;
    readonly aspect?: string | undefined;
  },
  input: Size,
): Size {
  const { height = input.height, width = input.width, aspect } = resize;
  if (aspect !== 'kept') return { height, width };
  const { rows, columns } = film;
  return rows < columns
    ? { height, width: Math.trunc((height * columns) / rows) }
    : { height: Math.trunc((width * rows) / columns), width };
}

/**
 * The crops of an image: the centre; or the corners (upper left, upper right, lower left, lower right) and the centre, then the
 * same of the mirrored image.
 *
 * @param grey - `size.height` x `size.width` values, row-major
 * @returns 1 or 10 images of `crop.height` x `crop.width`
 */
export function cropImages(grey: Uint8Array, size: Size, crop: Size, kind: 'center' | 'ten'): Uint8Array[] {
  const bottom = size.height - crop.height;
  const right = size.width - crop.width;
  const center = [halfToEven(bottom), halfToEven(right)] as const;
  if (kind === 'center') return [cutOut(grey, size, crop, center)];
  const places = [[0, 0], [0, right], [bottom, 0], [bottom, right], center] as const;
  const mirrored = mirror(grey, size);
  return [grey, mirrored].flatMap((image) => places.map((place) => cutOut(image, size, crop, place)));
}

function cutOut(grey: Uint8Array, size: Size, crop: Size, [top, left]: readonly [number, number]): Uint8Array {
  const image = new Uint8Array(crop.height * crop.width);
  for (let row = 0; row < crop.height; row++) {
    const start = (top + row) * size.width + left;
    image.set(grey.subarray(start, start + crop.width), row * crop.width);
  }
  return image;
}

function mirror(grey: Uint8Array, { height, width }: Size): Uint8Array {
  const mirrored = new Uint8Array(grey.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      mirrored[row * width + column] = grey[(row + 1) * width - 1 - column] as number;
    }
  }
  return mirrored;
}

/** Half of a margin as Python's `round(margin / 2)`: halves go to the even neighbour. */
function halfToEven(margin: number): number {
  const half = Math.floor(margin / 2);
  return margin % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}

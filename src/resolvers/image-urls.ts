/** Addresses of the images that the HTTP server renders, relative to its own address. */

/** The film as 8-bit grey PNG. */
export function previewUrl(sopInstanceUid: string): string {
  return `/instances/${encodeURIComponent(sopInstanceUid)}/preview.png`;
}

/**
 * The film with the heat map of one label over it, as PNG.
 *
 * @param modelVersionId - UUID of the version whose finding it is: another one may have read the film since
 */
export function heatMapUrl(sopInstanceUid: string, label: string, modelVersionId: string): string {
  const path = `/instances/${encodeURIComponent(sopInstanceUid)}/heatmaps/${encodeURIComponent(label)}.png`;
  return `${path}?modelVersion=${modelVersionId}`;
}

/**
 * The tables as the reads see them: which columns of a row leave the store. Blob keys never do, and heat maps are read
 * on their own (heat-maps.ts), because most callers list findings without drawing them.
 */
export * from './tables/break-glasses.ts';
export * from './tables/films.ts';
export * from './tables/jobs.ts';
export * from './tables/models.ts';
export * from './tables/readings.ts';

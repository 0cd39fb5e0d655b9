/** Secrets that the gateway makes for itself where none is set. All processes of one database have the same. */
import type { PrismaClient } from './client.ts';

/**
 * The secret of this name; made and stored when there is none. Of processes that make it at once, one wins and all get
 * its secret.
 *
 * @param make - called only when there is none yet
 */
export async function gatewaySecret(
  prisma: Pick<PrismaClient, 'gatewaySecret'>,
  name: string,
  make: () => string,
): Promise<string> {
  const known = await prisma.gatewaySecret.findUnique({ where: { name } });
  if (known !== null) return known.value;
  await prisma.gatewaySecret.createMany({ data: [{ name, value: make() }], skipDuplicates: true });
  const { value } = await prisma.gatewaySecret.findUniqueOrThrow({ where: { name } });
  return value;
}

-- De-identified views list studies in an order that says nothing of when they came. Prisma cannot express it.
CREATE INDEX "Study_deidentified_order_idx" ON "Study" (sha256(uuid_send("id")));

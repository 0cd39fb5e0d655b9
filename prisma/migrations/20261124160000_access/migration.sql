-- CreateEnum
CREATE TYPE "AccessRole" AS ENUM ('CLINICIAN', 'TECHNOLOGIST', 'INTEGRATION', 'ADMIN', 'AUDITOR');

-- CreateEnum
CREATE TYPE "IdentityKind" AS ENUM ('PERSON', 'API_KEY', 'DICOM_NODE', 'COMMAND_LINE', 'SYSTEM', 'ANONYMOUS');

-- CreateEnum
CREATE TYPE "AuditAction" AS ENUM ('READ', 'CREATE', 'UPDATE', 'DELETE', 'EXECUTE');

-- CreateEnum
CREATE TYPE "AuditOutcome" AS ENUM ('SUCCESS', 'DENIED', 'FAILED');

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "ChangeType" ADD VALUE 'BREAK_GLASS_OPENED';
ALTER TYPE "ChangeType" ADD VALUE 'BREAK_GLASS_ENDED';

-- AlterTable
ALTER TABLE "Inference" ADD COLUMN     "shadow" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Finding" ADD COLUMN     "shadow" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "Change" ADD COLUMN     "breakGlassId" UUID;

-- AlterTable
ALTER TABLE "DicomTransfer" ADD COLUMN     "requestedBy" TEXT;

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "secretHash" TEXT NOT NULL,
    "roles" "AccessRole"[],
    "issuers" TEXT[],
    "studies" TEXT[],
    "deidentifiedOnly" BOOLEAN NOT NULL DEFAULT false,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),
    "revokedBy" TEXT,
    "replacedById" UUID,

    CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "IdentityRevocation" (
    "id" UUID NOT NULL,
    "subject" TEXT NOT NULL,
    "revokedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reason" TEXT NOT NULL,
    "revokedBy" TEXT NOT NULL,

    CONSTRAINT "IdentityRevocation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BreakGlass" (
    "id" UUID NOT NULL,
    "subject" TEXT NOT NULL,
    "displayName" TEXT,
    "patientId" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "endedAt" TIMESTAMPTZ(3),
    "endedBy" TEXT,

    CONSTRAINT "BreakGlass_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditRecord" (
    "id" BIGSERIAL NOT NULL,
    "position" BIGINT,
    "hash" TEXT,
    "occurredAt" TIMESTAMPTZ(3) NOT NULL,
    "subject" TEXT NOT NULL,
    "identityKind" "IdentityKind" NOT NULL,
    "displayName" TEXT,
    "roles" "AccessRole"[],
    "sourceAddress" TEXT,
    "requestId" TEXT,
    "operation" TEXT NOT NULL,
    "action" "AuditAction" NOT NULL,
    "purpose" TEXT NOT NULL,
    "breakGlassId" UUID,
    "outcome" "AuditOutcome" NOT NULL,
    "errorCode" TEXT,
    "patientId" UUID,
    "studyIds" UUID[],
    "instanceIds" UUID[],
    "inferenceIds" UUID[],
    "findingIds" UUID[],
    "modelVersionIds" UUID[],
    "details" TEXT,

    CONSTRAINT "AuditRecord_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditHead" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "chain" UUID NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,
    "hash" TEXT NOT NULL,

    CONSTRAINT "AuditHead_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "GatewaySecret" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "GatewaySecret_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_secretHash_key" ON "ApiKey"("secretHash");

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_replacedById_key" ON "ApiKey"("replacedById");

-- CreateIndex
CREATE INDEX "ApiKey_createdAt_id_idx" ON "ApiKey"("createdAt", "id");

-- CreateIndex
CREATE INDEX "IdentityRevocation_subject_revokedAt_idx" ON "IdentityRevocation"("subject", "revokedAt");

-- CreateIndex
CREATE INDEX "BreakGlass_subject_patientId_expiresAt_idx" ON "BreakGlass"("subject", "patientId", "expiresAt");

-- CreateIndex
CREATE INDEX "BreakGlass_createdAt_id_idx" ON "BreakGlass"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "AuditRecord_position_key" ON "AuditRecord"("position");

-- CreateIndex
CREATE INDEX "AuditRecord_patientId_position_idx" ON "AuditRecord"("patientId", "position");

-- CreateIndex
CREATE INDEX "AuditRecord_subject_position_idx" ON "AuditRecord"("subject", "position");

-- CreateIndex
CREATE INDEX "AuditRecord_occurredAt_idx" ON "AuditRecord"("occurredAt");

-- AddForeignKey
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_replacedById_fkey" FOREIGN KEY ("replacedById") REFERENCES "ApiKey"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "BreakGlass" ADD CONSTRAINT "BreakGlass_patientId_fkey" FOREIGN KEY ("patientId") REFERENCES "Patient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma cannot express --------------------------------------------------------------------------------------

-- Rows of changes are written within the transaction of the change and sealed afterwards.
CREATE INDEX "AuditRecord_unsealed_idx" ON "AuditRecord" ("id") WHERE "position" IS NULL;

-- The chain begins with the hash of its own name, so a chain cannot be put in the place of another database's.
INSERT INTO "AuditHead" ("id", "chain", "position", "hash")
SELECT 1, chain, 0, encode(sha256(convert_to(chain::text, 'UTF8')), 'hex') FROM gen_random_uuid() AS chain;

-- The only modification: an unsealed row gets its position and its hash, and keeps everything else.
CREATE FUNCTION refuse_audit_modification() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD."position" IS NULL AND OLD."hash" IS NULL
    AND NEW."position" IS NOT NULL AND NEW."hash" ~ '^[0-9a-f]{64}$'
    AND to_jsonb(NEW) - ARRAY['position', 'hash'] = to_jsonb(OLD) - ARRAY['position', 'hash'] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'AuditRecord is append-only';
END
$$;

CREATE TRIGGER "AuditRecord_append_only" BEFORE UPDATE OR DELETE ON "AuditRecord"
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_modification();

CREATE TRIGGER "AuditRecord_not_truncated" BEFORE TRUNCATE ON "AuditRecord"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_modification();

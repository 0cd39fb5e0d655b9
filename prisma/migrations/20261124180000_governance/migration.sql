-- CreateEnum
CREATE TYPE "RereadJobState" AS ENUM ('RUNNING', 'PAUSED', 'CANCELLED', 'DONE');

-- CreateEnum
CREATE TYPE "ReviewVerdict" AS ENUM ('AGREE', 'DISAGREE', 'NOT_ASSESSABLE', 'MISSED');

-- AlterEnum
ALTER TYPE "Priority" ADD VALUE 'BACKGROUND';

-- AlterEnum
ALTER TYPE "ModelState" ADD VALUE 'CANARY';

-- AlterEnum
-- This migration adds more than one value to an enum.
-- With PostgreSQL versions 11 and earlier, this is not possible
-- in a single migration. This can be worked around by creating
-- multiple migrations, each migration adding only one value to
-- the enum.


ALTER TYPE "ChangeType" ADD VALUE 'MODEL_TRANSITION_REQUESTED';
ALTER TYPE "ChangeType" ADD VALUE 'MODEL_DRIFT_ALERT';
ALTER TYPE "ChangeType" ADD VALUE 'REREAD_JOB_CHANGED';

-- AlterTable
ALTER TABLE "ModelVersion" ADD COLUMN     "canaryShare" DOUBLE PRECISION,
ADD COLUMN     "canarySources" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "Inference" ADD COLUMN     "gatewayVersion" TEXT,
ADD COLUMN     "grayscaleSource" TEXT,
ADD COLUMN     "inputDeviation" DOUBLE PRECISION,
ADD COLUMN     "inputMean" DOUBLE PRECISION,
ADD COLUMN     "preprocessingVersion" TEXT,
ADD COLUMN     "processor" TEXT,
ADD COLUMN     "rereadJobId" UUID,
ADD COLUMN     "runtime" TEXT,
ADD COLUMN     "thresholdSetVersion" INTEGER;

-- AlterTable
ALTER TABLE "Change" ADD COLUMN     "rereadJobId" UUID;

-- AlterTable
ALTER TABLE "ModelTransition" ADD COLUMN     "actorName" TEXT,
ADD COLUMN     "approvedBy" TEXT,
ADD COLUMN     "approvedByName" TEXT;

-- CreateTable
CREATE TABLE "ModelTransitionRequest" (
    "id" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "toState" "ModelState",
    "arguments" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "requestedBy" TEXT NOT NULL,
    "requestedByName" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "decidedBy" TEXT,
    "decidedByName" TEXT,
    "decidedAt" TIMESTAMPTZ(3),
    "approved" BOOLEAN,
    "decisionReason" TEXT,

    CONSTRAINT "ModelTransitionRequest_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ThresholdSet" (
    "id" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "thresholds" JSONB NOT NULL,
    "method" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "createdBy" TEXT NOT NULL,
    "createdByName" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ThresholdSet_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RereadJob" (
    "id" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "state" "RereadJobState" NOT NULL DEFAULT 'RUNNING',
    "selection" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "createdBy" TEXT NOT NULL,
    "createdByName" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "total" INTEGER NOT NULL,
    "enqueued" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "cursorCreatedAt" TIMESTAMPTZ(3),
    "cursorId" UUID,
    "completedAt" TIMESTAMPTZ(3),

    CONSTRAINT "RereadJob_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "FindingReview" (
    "id" UUID NOT NULL,
    "findingId" UUID,
    "inferenceId" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "studyId" UUID NOT NULL,
    "patientId" UUID NOT NULL,
    "label" TEXT NOT NULL,
    "verdict" "ReviewVerdict" NOT NULL,
    "comment" TEXT,
    "reviewer" TEXT NOT NULL,
    "reviewerName" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "FindingReview_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DriftAlert" (
    "id" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "day" DATE NOT NULL,
    "measure" TEXT NOT NULL,
    "films" INTEGER NOT NULL,
    "psi" DOUBLE PRECISION NOT NULL,
    "ksStatistic" DOUBLE PRECISION NOT NULL,
    "ksPValue" DOUBLE PRECISION NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "DriftAlert_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ModelTransitionRequest_modelVersionId_createdAt_id_idx" ON "ModelTransitionRequest"("modelVersionId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "ModelTransitionRequest_createdAt_id_idx" ON "ModelTransitionRequest"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ThresholdSet_modelVersionId_version_key" ON "ThresholdSet"("modelVersionId", "version");

-- CreateIndex
CREATE INDEX "RereadJob_state_createdAt_idx" ON "RereadJob"("state", "createdAt");

-- CreateIndex
CREATE INDEX "RereadJob_createdAt_id_idx" ON "RereadJob"("createdAt", "id");

-- CreateIndex
CREATE INDEX "FindingReview_findingId_reviewer_createdAt_idx" ON "FindingReview"("findingId", "reviewer", "createdAt");

-- CreateIndex
CREATE INDEX "FindingReview_inferenceId_createdAt_idx" ON "FindingReview"("inferenceId", "createdAt");

-- CreateIndex
CREATE INDEX "FindingReview_modelVersionId_createdAt_id_idx" ON "FindingReview"("modelVersionId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "FindingReview_studyId_idx" ON "FindingReview"("studyId");

-- CreateIndex
CREATE INDEX "DriftAlert_createdAt_id_idx" ON "DriftAlert"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "DriftAlert_modelVersionId_day_measure_key" ON "DriftAlert"("modelVersionId", "day", "measure");

-- CreateIndex
CREATE INDEX "Instance_createdAt_id_idx" ON "Instance"("createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_rereadJobId_state_idx" ON "Inference"("rereadJobId", "state");

-- AddForeignKey
ALTER TABLE "Inference" ADD CONSTRAINT "Inference_rereadJobId_fkey" FOREIGN KEY ("rereadJobId") REFERENCES "RereadJob"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ModelTransitionRequest" ADD CONSTRAINT "ModelTransitionRequest_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ThresholdSet" ADD CONSTRAINT "ThresholdSet_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RereadJob" ADD CONSTRAINT "RereadJob_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FindingReview" ADD CONSTRAINT "FindingReview_findingId_fkey" FOREIGN KEY ("findingId") REFERENCES "Finding"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FindingReview" ADD CONSTRAINT "FindingReview_inferenceId_fkey" FOREIGN KEY ("inferenceId") REFERENCES "Inference"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FindingReview" ADD CONSTRAINT "FindingReview_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DriftAlert" ADD CONSTRAINT "DriftAlert_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma cannot express --------------------------------------------------------------------------------------

-- What was decided and said stays as it was, whoever asks.
CREATE TRIGGER "ThresholdSet_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "ThresholdSet"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_modification();
CREATE TRIGGER "FindingReview_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "FindingReview"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_modification();

-- The thresholds that versions were registered with are their first set.
INSERT INTO "ThresholdSet" ("id", "modelVersionId", "version", "thresholds", "method", "reason", "createdBy", "createdAt")
SELECT gen_random_uuid(), "id", 1,
  (SELECT jsonb_object_agg(label->>'name', label->'threshold') FROM jsonb_array_elements("manifest"->'labels') AS label),
  COALESCE("manifest"->'thresholdsOrigin'->>'method', 'As the manifest says.'), 'Registered with the version.', 'system', "createdAt"
FROM "ModelVersion" WHERE jsonb_typeof("manifest"->'labels') = 'array';

-- CreateEnum
CREATE TYPE "Sex" AS ENUM ('MALE', 'FEMALE', 'OTHER');

-- CreateEnum
CREATE TYPE "Eligibility" AS ENUM ('READ', 'READ_WITH_WARNING', 'INELIGIBLE');

-- CreateEnum
CREATE TYPE "InferenceState" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'INELIGIBLE', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "Priority" AS ENUM ('ROUTINE', 'STAT');

-- CreateEnum
CREATE TYPE "Precision" AS ENUM ('FP32', 'INT8');

-- CreateEnum
CREATE TYPE "ModelState" AS ENUM ('REGISTERED', 'SHADOW', 'ACTIVE', 'RETIRED');

-- CreateEnum
CREATE TYPE "ChangeType" AS ENUM ('INSTANCE_STORED', 'INFERENCE_QUEUED', 'INFERENCE_STARTED', 'INFERENCE_DONE', 'INFERENCE_INELIGIBLE', 'INFERENCE_FAILED', 'INFERENCE_CANCELLED', 'MODEL_VERSION_CHANGED');

-- CreateTable
CREATE TABLE "Patient" (
    "id" UUID NOT NULL,
    "mrn" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "name" TEXT,
    "birthDate" DATE,
    "sex" "Sex",
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Patient_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Study" (
    "id" UUID NOT NULL,
    "studyInstanceUid" TEXT NOT NULL,
    "patientId" UUID NOT NULL,
    "accessionNumber" TEXT,
    "studyDate" TIMESTAMPTZ(3),
    "description" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Study_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Series" (
    "id" UUID NOT NULL,
    "seriesInstanceUid" TEXT NOT NULL,
    "studyId" UUID NOT NULL,
    "modality" TEXT,
    "bodyPart" TEXT,
    "viewPosition" TEXT,
    "description" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Series_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Instance" (
    "id" UUID NOT NULL,
    "sopInstanceUid" TEXT NOT NULL,
    "seriesId" UUID NOT NULL,
    "sopClassUid" TEXT NOT NULL,
    "transferSyntaxUid" TEXT NOT NULL,
    "rows" INTEGER NOT NULL,
    "columns" INTEGER NOT NULL,
    "photometricInterpretation" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "byteLength" BIGINT NOT NULL,
    "blobKey" TEXT NOT NULL,
    "eligibility" "Eligibility" NOT NULL,
    "eligibilityReasons" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Instance_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ModelVersion" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "precision" "Precision" NOT NULL,
    "manifest" JSONB NOT NULL,
    "metrics" JSONB,
    "state" "ModelState" NOT NULL DEFAULT 'REGISTERED',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ModelVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ModelTransition" (
    "id" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "fromState" "ModelState" NOT NULL,
    "toState" "ModelState" NOT NULL,
    "actor" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ModelTransition_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Inference" (
    "id" UUID NOT NULL,
    "instanceId" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "studyId" UUID NOT NULL,
    "patientId" UUID NOT NULL,
    "state" "InferenceState" NOT NULL DEFAULT 'QUEUED',
    "priority" "Priority" NOT NULL DEFAULT 'ROUTINE',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "warnings" TEXT[],
    "queuedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "completedAt" TIMESTAMPTZ(3),
    "readMs" DOUBLE PRECISION,
    "decodeMs" DOUBLE PRECISION,
    "preprocessMs" DOUBLE PRECISION,
    "inferenceMs" DOUBLE PRECISION,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Inference_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Finding" (
    "id" UUID NOT NULL,
    "inferenceId" UUID NOT NULL,
    "studyId" UUID NOT NULL,
    "patientId" UUID NOT NULL,
    "modelVersionId" UUID NOT NULL,
    "label" TEXT NOT NULL,
    "probability" DOUBLE PRECISION NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "positive" BOOLEAN NOT NULL,
    "codeSystem" TEXT,
    "codeValue" TEXT,
    "codeDisplay" TEXT,
    "heatMapRows" INTEGER NOT NULL,
    "heatMapColumns" INTEGER NOT NULL,
    "heatMapValues" DOUBLE PRECISION[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Finding_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Change" (
    "id" BIGSERIAL NOT NULL,
    "position" BIGINT,
    "type" "ChangeType" NOT NULL,
    "patientId" UUID,
    "studyId" UUID,
    "instanceId" UUID,
    "inferenceId" UUID,
    "modelVersionId" UUID,
    "priority" "Priority",
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ChangeHead" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "feed" UUID NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,
    "trimmedThrough" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "ChangeHead_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Patient_createdAt_id_idx" ON "Patient"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Patient_mrn_issuer_key" ON "Patient"("mrn", "issuer");

-- CreateIndex
CREATE UNIQUE INDEX "Study_studyInstanceUid_key" ON "Study"("studyInstanceUid");

-- CreateIndex
CREATE INDEX "Study_patientId_createdAt_id_idx" ON "Study"("patientId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Study_accessionNumber_idx" ON "Study"("accessionNumber");

-- CreateIndex
CREATE INDEX "Study_createdAt_id_idx" ON "Study"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Series_seriesInstanceUid_key" ON "Series"("seriesInstanceUid");

-- CreateIndex
CREATE INDEX "Series_studyId_createdAt_id_idx" ON "Series"("studyId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Instance_sopInstanceUid_key" ON "Instance"("sopInstanceUid");

-- CreateIndex
CREATE INDEX "Instance_seriesId_createdAt_id_idx" ON "Instance"("seriesId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_digest_key" ON "ModelVersion"("digest");

-- CreateIndex
CREATE INDEX "ModelVersion_createdAt_id_idx" ON "ModelVersion"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_name_version_key" ON "ModelVersion"("name", "version");

-- CreateIndex
CREATE INDEX "ModelTransition_modelVersionId_createdAt_id_idx" ON "ModelTransition"("modelVersionId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_state_createdAt_id_idx" ON "Inference"("state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_createdAt_id_idx" ON "Inference"("createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_studyId_createdAt_id_idx" ON "Inference"("studyId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_patientId_createdAt_id_idx" ON "Inference"("patientId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Inference_modelVersionId_createdAt_id_idx" ON "Inference"("modelVersionId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Inference_instanceId_modelVersionId_key" ON "Inference"("instanceId", "modelVersionId");

-- CreateIndex
CREATE INDEX "Finding_createdAt_id_idx" ON "Finding"("createdAt", "id");

-- CreateIndex
CREATE INDEX "Finding_label_createdAt_id_idx" ON "Finding"("label", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Finding_label_probability_id_idx" ON "Finding"("label", "probability", "id");

-- CreateIndex
CREATE INDEX "Finding_probability_id_idx" ON "Finding"("probability", "id");

-- CreateIndex
CREATE INDEX "Finding_studyId_createdAt_id_idx" ON "Finding"("studyId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Finding_patientId_createdAt_id_idx" ON "Finding"("patientId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Finding_modelVersionId_createdAt_id_idx" ON "Finding"("modelVersionId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Finding_inferenceId_label_key" ON "Finding"("inferenceId", "label");

-- CreateIndex
CREATE UNIQUE INDEX "Change_position_key" ON "Change"("position");

-- AddForeignKey
ALTER TABLE "Study" ADD CONSTRAINT "Study_patientId_fkey" FOREIGN KEY ("patientId") REFERENCES "Patient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Series" ADD CONSTRAINT "Series_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Instance" ADD CONSTRAINT "Instance_seriesId_fkey" FOREIGN KEY ("seriesId") REFERENCES "Series"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ModelTransition" ADD CONSTRAINT "ModelTransition_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Inference" ADD CONSTRAINT "Inference_instanceId_fkey" FOREIGN KEY ("instanceId") REFERENCES "Instance"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Inference" ADD CONSTRAINT "Inference_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Inference" ADD CONSTRAINT "Inference_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Inference" ADD CONSTRAINT "Inference_patientId_fkey" FOREIGN KEY ("patientId") REFERENCES "Patient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Finding" ADD CONSTRAINT "Finding_inferenceId_fkey" FOREIGN KEY ("inferenceId") REFERENCES "Inference"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Finding" ADD CONSTRAINT "Finding_studyId_fkey" FOREIGN KEY ("studyId") REFERENCES "Study"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Finding" ADD CONSTRAINT "Finding_patientId_fkey" FOREIGN KEY ("patientId") REFERENCES "Patient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Finding" ADD CONSTRAINT "Finding_modelVersionId_fkey" FOREIGN KEY ("modelVersionId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma cannot express --------------------------------------------------------------------------------------

-- The change feed (docs/decisions/0004-change-feed.md): rows are appended without a position; whoever wants to read
-- first gives positions to all committed rows, one reader at a time, so the order is total and has no gaps.
CREATE INDEX "Change_unpositioned_idx" ON "Change" ("id") WHERE "position" IS NULL;

INSERT INTO "ChangeHead" ("id", "feed") VALUES (1, gen_random_uuid());

CREATE FUNCTION assign_change_positions() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
  head BIGINT;
  assigned BIGINT;
BEGIN
  -- The row lock admits one caller at a time; the next statement's snapshot is taken after it was granted.
  SELECT "position" INTO STRICT head FROM "ChangeHead" WHERE "id" = 1 FOR UPDATE;
  WITH pending AS (
    SELECT "id", row_number() OVER (ORDER BY "id") AS ordinal FROM "Change" WHERE "position" IS NULL
  ), positioned AS (
    UPDATE "Change" SET "position" = head + pending.ordinal FROM pending WHERE "Change"."id" = pending."id" RETURNING 1
  )
  SELECT count(*) INTO assigned FROM positioned;
  IF assigned > 0 THEN
    UPDATE "ChangeHead" SET "position" = head + assigned WHERE "id" = 1;
  END IF;
  RETURN head + assigned;
END
$$;

-- The history of a model version is append-only, whoever asks.
CREATE FUNCTION refuse_modification() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

CREATE TRIGGER "ModelTransition_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "ModelTransition"
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_modification();

-- Orders of the API over columns that may be null (src/store/reads/orders.ts): a row comparison with null finds nothing,
-- so the key is an expression that is never null.
CREATE INDEX "Study_studyDate_idx" ON "Study" (COALESCE("studyDate", '-infinity'::timestamptz), "id");
CREATE INDEX "Patient_name_idx" ON "Patient" (COALESCE("name", ''), "id");

-- Names by their beginning, whatever their case.
CREATE INDEX "Patient_name_prefix_idx" ON "Patient" (lower("name") text_pattern_ops);

-- Positive findings are a few in a hundred and most of what is asked for.
CREATE INDEX "Finding_positive_idx" ON "Finding" ("createdAt", "id") WHERE "positive";
CREATE INDEX "Finding_positive_label_idx" ON "Finding" ("label", "createdAt", "id") WHERE "positive";

-- At most one version is active.
CREATE UNIQUE INDEX "ModelVersion_one_active_idx" ON "ModelVersion" ("state") WHERE "state" = 'ACTIVE';

-- CreateEnum
CREATE TYPE "PatientAttribute" AS ENUM ('NAME', 'BIRTH_DATE', 'SEX');

-- CreateEnum
CREATE TYPE "DicomTransferKind" AS ENUM ('RETRIEVE', 'SEND');

-- CreateEnum
CREATE TYPE "DicomTransferState" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED');

-- AlterTable
ALTER TABLE "Patient" ADD COLUMN     "nameIdeographic" TEXT,
ADD COLUMN     "namePhonetic" TEXT;

-- AlterTable
ALTER TABLE "Instance" ADD COLUMN     "callingAeTitle" TEXT,
ADD COLUMN     "numberOfFrames" INTEGER NOT NULL DEFAULT 1;

-- CreateTable
CREATE TABLE "PatientDiscrepancy" (
    "id" UUID NOT NULL,
    "patientId" UUID NOT NULL,
    "instanceId" UUID NOT NULL,
    "attribute" "PatientAttribute" NOT NULL,
    "recorded" TEXT NOT NULL,
    "stated" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PatientDiscrepancy_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "StorageCommitment" (
    "id" UUID NOT NULL,
    "transactionUid" TEXT NOT NULL,
    "callingAeTitle" TEXT NOT NULL,
    "calledAeTitle" TEXT NOT NULL,
    "references" JSONB NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAttemptAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deliveredAt" TIMESTAMPTZ(3),
    "abandonedAt" TIMESTAMPTZ(3),
    "lastError" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "StorageCommitment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DicomTransfer" (
    "id" UUID NOT NULL,
    "kind" "DicomTransferKind" NOT NULL,
    "node" TEXT NOT NULL,
    "studyInstanceUid" TEXT NOT NULL,
    "state" "DicomTransferState" NOT NULL DEFAULT 'QUEUED',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "completed" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "heartbeatAt" TIMESTAMPTZ(3),
    "nextAttemptAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "completedAt" TIMESTAMPTZ(3),

    CONSTRAINT "DicomTransfer_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "PatientDiscrepancy_patientId_createdAt_id_idx" ON "PatientDiscrepancy"("patientId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "PatientDiscrepancy_instanceId_attribute_key" ON "PatientDiscrepancy"("instanceId", "attribute");

-- CreateIndex
CREATE INDEX "StorageCommitment_nextAttemptAt_idx" ON "StorageCommitment"("nextAttemptAt");

-- CreateIndex
CREATE UNIQUE INDEX "StorageCommitment_callingAeTitle_transactionUid_key" ON "StorageCommitment"("callingAeTitle", "transactionUid");

-- CreateIndex
CREATE INDEX "DicomTransfer_state_nextAttemptAt_idx" ON "DicomTransfer"("state", "nextAttemptAt");

-- CreateIndex
CREATE INDEX "DicomTransfer_createdAt_id_idx" ON "DicomTransfer"("createdAt", "id");

-- AddForeignKey
ALTER TABLE "PatientDiscrepancy" ADD CONSTRAINT "PatientDiscrepancy_patientId_fkey" FOREIGN KEY ("patientId") REFERENCES "Patient"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PatientDiscrepancy" ADD CONSTRAINT "PatientDiscrepancy_instanceId_fkey" FOREIGN KEY ("instanceId") REFERENCES "Instance"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Beginnings of the other groups of names, like those of the alphabetic one. Prisma knows no expression indexes.
CREATE INDEX "Patient_nameIdeographic_prefix_idx" ON "Patient" (lower("nameIdeographic") text_pattern_ops);
CREATE INDEX "Patient_namePhonetic_prefix_idx" ON "Patient" (lower("namePhonetic") text_pattern_ops);

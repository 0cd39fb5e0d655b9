-- AlterTable
ALTER TABLE "Inference" ADD COLUMN     "executedDigest" TEXT,
ADD COLUMN     "executedPrecision" "Precision";

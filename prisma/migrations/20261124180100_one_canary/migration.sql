-- At most one version is a canary, as at most one is active. Apart from the migration before, because a new value of an enum can
-- be used only after the transaction that added it.
CREATE UNIQUE INDEX "ModelVersion_one_canary_idx" ON "ModelVersion" ("state") WHERE "state" = 'CANARY';

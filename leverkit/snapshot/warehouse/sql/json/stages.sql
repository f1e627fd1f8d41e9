-- One row per stage, as Lever's listing shows it.
-- reads stages: id, text
SELECT id, text FROM stages

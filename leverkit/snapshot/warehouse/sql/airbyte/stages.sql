-- One row per stage. The connector has no such stream; one that somebody added has Lever's names.
-- reads stages: id, text, _airbyte_extracted_at
SELECT id, text, _airbyte_extracted_at AS seen_at FROM stages

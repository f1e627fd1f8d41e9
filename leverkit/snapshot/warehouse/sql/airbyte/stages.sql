-- One row per stage. The connector has no such stream; one that somebody added has Lever's names.
-- reads stages: id, text, _airbyte_extracted_at or _airbyte_emitted_at or _file_time AS seen
-- reads stages: _ab_cdc_deleted_at or __deleted or is_deleted or deleted_at AS gone
SELECT id, text, seen AS seen_at, gone AS is_deleted FROM stages

-- One row per posting. The connector has no such stream; one that somebody added has Lever's names.
-- reads postings: id, text, state, categories, tags, confidentiality, createdAt, updatedAt
-- reads postings: _airbyte_extracted_at or _airbyte_emitted_at or _file_time AS seen
-- reads postings: _ab_cdc_deleted_at or __deleted or is_deleted or deleted_at AS gone
SELECT id, text, state, categories, tags, confidentiality, createdAt AS created_at,
       updatedAt AS updated_at, seen AS seen_at, gone AS is_deleted
FROM postings

-- One row per posting. The connector has no such stream; one that somebody added has Lever's names.
-- reads postings: id, text, state, categories, tags, confidentiality, createdAt, updatedAt
-- reads postings: _airbyte_extracted_at
SELECT id, text, state, categories, tags, confidentiality, createdAt AS created_at,
       updatedAt AS updated_at, _airbyte_extracted_at AS seen_at
FROM postings

-- One row per posting, as Lever's listing shows it.
-- reads postings: id, text, state, categories, tags, confidentiality, createdAt, updatedAt, _file_time
-- reads postings: __deleted or is_deleted or deleted_at AS gone
SELECT id, text, state, categories, tags, confidentiality, createdAt AS created_at, updatedAt AS updated_at,
       _file_time AS seen_at, gone AS is_deleted
FROM postings

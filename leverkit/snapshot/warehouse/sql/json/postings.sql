-- One row per posting, as Lever's listing shows it.
-- reads postings: id, text, state, categories, tags, confidentiality, createdAt, updatedAt
SELECT id, text, state, categories, tags, confidentiality, createdAt AS created_at, updatedAt AS updated_at
FROM postings

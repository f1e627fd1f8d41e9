-- One row per opportunity. Objects are one column, or a column for each of their fields.
-- reads opportunities: id, contact, tags, stage, origin, sources, owner, isAnonymized, createdAt, updatedAt
-- reads opportunities: lastAdvancedAt, archived, archived__archivedAt, archived__reason, confidentiality
-- reads opportunities: _sdc_sequence, _sdc_deleted_at
-- reads opportunity_applications: candidateId, posting
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.archived__archivedAt AS archived_at,
       o.archived__reason AS archive_reason, o.stage, o.origin, o.sources, o.owner, o.confidentiality,
       o.isAnonymized AS is_anonymized, a.posting, o._sdc_sequence AS seen_at,
       o._sdc_deleted_at AS deleted_at
FROM opportunities o LEFT JOIN opportunity_applications a ON a.candidateId = o.id

-- One row per opportunity, or several where it has several postings or sources. Objects are one column, or
-- one for each of their fields; lists are one column, or a table.
-- reads opportunities: id, contact, tags, stage, origin, sources, owner, isAnonymized, createdAt, updatedAt
-- reads opportunities: lastAdvancedAt, archived, archived__archivedAt, archived__reason, confidentiality
-- reads opportunities: _sdc_sequence, _sdc_batched_at, _sdc_deleted_at
-- reads opportunity_applications: candidateId, posting
-- reads opportunities__sources: value, _sdc_source_key_id, _sdc_sequence AS source_sequence
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.archived__archivedAt AS archived_at,
       o.archived__reason AS archive_reason, o.stage, o.origin, o.sources, o.owner, o.confidentiality,
       o.isAnonymized AS is_anonymized, a.posting, o._sdc_sequence AS seen_at,
       o._sdc_batched_at AS emitted_at, o._sdc_deleted_at AS deleted_at, s.value AS source,
       s.source_sequence AS source_seen_at
FROM opportunities o
LEFT JOIN opportunity_applications a ON a.candidateId = o.id
LEFT JOIN opportunities__sources s ON s._sdc_source_key_id = o.id

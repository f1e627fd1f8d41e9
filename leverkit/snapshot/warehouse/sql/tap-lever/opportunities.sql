-- One row per opportunity, or several where it has several postings or sources. Objects are one column, or
-- one for each of their fields; lists are one column, or a table.
-- reads opportunities: id, contact_id or contact AS contact, tags, stage_id or stage AS stage, origin, sources
-- reads opportunities: owner_id or owner AS owner, isAnonymized, createdAt, updatedAt, lastAdvancedAt
-- reads opportunities: archived, archived__archivedAt, archived__reason, confidentiality, _sdc_sequence
-- reads opportunities: _sdc_extracted_at or _sdc_batched_at or _sdc_received_at or _file_time AS emitted
-- reads opportunities: _sdc_deleted_at or __deleted or is_deleted AS gone
-- reads opportunity_applications: id AS application_id, candidateId, posting_id or posting AS posting
-- reads opportunity_applications: _sdc_sequence or _sdc_extracted_at or _sdc_batched_at AS link_seen_at
-- reads opportunity_applications: _sdc_deleted_at or __deleted or is_deleted AS link_gone
-- reads opportunities__sources: value, _sdc_source_key_id, _sdc_sequence AS source_sequence
-- reads opportunities__sources: _sdc_deleted_at AS source_gone
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.archived__archivedAt AS archived_at,
       o.archived__reason AS archive_reason, o.stage, o.origin, o.sources, o.owner, o.confidentiality,
       o.isAnonymized AS is_anonymized, o._sdc_sequence AS seen_at, o.emitted AS emitted_at,
       o.gone AS is_deleted, a.application_id AS application, a.posting, a.link_seen_at AS posting_seen_at,
       a.link_gone AS posting_deleted, s.value AS source, s.source_sequence AS source_seen_at,
       s.source_gone AS source_deleted
FROM opportunities o
LEFT JOIN opportunity_applications a ON a.candidateId = o.id
LEFT JOIN opportunities__sources s ON s._sdc_source_key_id = o.id

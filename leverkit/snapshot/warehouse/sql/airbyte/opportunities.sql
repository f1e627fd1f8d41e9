-- One row per opportunity, or several where it has several postings; in append mode one per reading of it,
-- of which the latest counts.
-- reads opportunities: id, contact_id or contact AS contact, tags, stage_id or stage AS stage, origin, sources
-- reads opportunities: owner_id or owner AS owner, confidentiality, isAnonymized, createdAt, updatedAt
-- reads opportunities: lastAdvancedAt, archived, _airbyte_extracted_at, _airbyte_emitted_at or _file_time AS emitted
-- reads opportunities: _ab_cdc_deleted_at or __deleted or is_deleted or deleted_at AS gone
-- reads applications: id AS application_id, opportunityId, posting_id or posting AS posting
-- reads applications: _airbyte_extracted_at or _airbyte_emitted_at or _file_time AS link_seen_at
-- reads applications: _ab_cdc_deleted_at or __deleted or is_deleted or deleted_at AS link_gone
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.stage, o.origin, o.sources, o.owner,
       o.confidentiality, o.isAnonymized AS is_anonymized, o._airbyte_extracted_at AS seen_at,
       o.emitted AS emitted_at, o.gone AS is_deleted, a.application_id AS application, a.posting,
       a.link_seen_at AS posting_seen_at, a.link_gone AS posting_deleted
FROM opportunities o LEFT JOIN applications a ON a.opportunityId = o.id

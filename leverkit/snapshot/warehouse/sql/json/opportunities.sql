-- One row per opportunity, as Lever's listing shows it; with expand=applications, or applications beside it.
-- Of several, the latest counts, by the times in the names of files or by updatedAt.
-- reads opportunities: id, contact_id or contact AS contact, tags, stage_id or stage AS stage, origin, sources
-- reads opportunities: owner_id or owner AS owner, confidentiality, isAnonymized, createdAt, updatedAt
-- reads opportunities: lastAdvancedAt, archived, applications, _file_time
-- reads opportunities: __deleted or is_deleted or deleted_at AS gone
-- reads applications: id AS application_id, opportunityId, posting_id or posting AS posting
-- reads applications: _file_time AS link_seen_at, __deleted or is_deleted or deleted_at AS link_gone
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.stage, o.origin, o.sources, o.owner,
       o.confidentiality, o.isAnonymized AS is_anonymized, o.applications, o._file_time AS seen_at,
       o.gone AS is_deleted, a.application_id AS application, a.posting, a.link_seen_at AS posting_seen_at,
       a.link_gone AS posting_deleted
FROM opportunities o LEFT JOIN applications a ON a.opportunityId = o.id

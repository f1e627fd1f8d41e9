-- One row per opportunity, or several where it has several postings or sources.
-- reads opportunities: id, contact_id or contact AS contact, tags, stage_id or stage AS stage, origin, sources
-- reads opportunities: owner_id or owner AS owner, confidentiality, is_anonymized, created_at, updated_at
-- reads opportunities: last_advanced_at, archived, archived__archived_at, archived__reason, applications
-- reads opportunities: _dlt_id, _dlt_load_id, _dlt_valid_to, is_deleted or __deleted or deleted_at AS gone
-- reads opportunities__applications: posting__id or posting AS posting, _dlt_parent_id
-- reads opportunities__sources: value, _dlt_parent_id
-- reads deleted_opportunities or opportunities_deleted AS deleted: id, id AS deleted_id
SELECT o.id, o.contact, o.tags, o.created_at, o.updated_at, o.last_advanced_at, o.archived,
       o.archived__archived_at AS archived_at, o.archived__reason AS archive_reason, o.stage, o.origin,
       o.sources, o.owner, o.confidentiality, o.is_anonymized, o.applications, a.posting,
       s.value AS source, o._dlt_load_id AS seen_at, d.deleted_id AS deleted_at, o.gone AS is_deleted,
       o._dlt_valid_to AS valid_to
FROM opportunities o
LEFT JOIN opportunities__applications a ON a._dlt_parent_id = o._dlt_id
LEFT JOIN opportunities__sources s ON s._dlt_parent_id = o._dlt_id
LEFT JOIN deleted d ON d.id = o.id

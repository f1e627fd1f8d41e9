-- One row per opportunity, or several where it has several postings or sources.
-- reads opportunity: id, contact, stage_id, origin, owner_id, is_anonymized, created_at, updated_at
-- reads opportunity: last_advanced_at, archived_at, archived_reason_id
-- reads opportunity: _fivetran_synced, _fivetran_deleted, _fivetran_active
-- reads application: opportunity_id, posting_id
-- reads opportunity_source: opportunity_id, source
SELECT o.id, o.contact, o.created_at, o.updated_at, o.last_advanced_at, o.archived_at,
       o.archived_reason_id AS archive_reason, o.stage_id AS stage, o.origin, o.owner_id AS owner,
       o.is_anonymized, a.posting_id AS posting, s.source,
       o._fivetran_synced AS seen_at, o._fivetran_deleted AS is_deleted, o._fivetran_active AS is_active
FROM opportunity o
LEFT JOIN application a ON a.opportunity_id = o.id
LEFT JOIN opportunity_source s ON s.opportunity_id = o.id

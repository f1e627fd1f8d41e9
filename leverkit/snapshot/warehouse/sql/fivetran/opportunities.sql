-- One row per opportunity, or several where it has several postings or sources.
-- reads opportunity: id, contact_id or contact AS contact, stage_id, origin, owner_id, is_anonymized
-- reads opportunity: created_at, updated_at, last_advanced_at, archived_at, archived_reason_id
-- reads opportunity: _fivetran_synced, _fivetran_deleted or is_deleted AS gone, _fivetran_active
-- reads application: id AS application_id, opportunity_id, posting_id, _fivetran_synced AS link_seen_at
-- reads application: _fivetran_deleted or is_deleted AS link_gone, _fivetran_active AS link_active
-- reads opportunity_source: opportunity_id, source, _fivetran_deleted AS source_gone
-- reads opportunity_source: _fivetran_active AS source_active
SELECT o.id, o.contact, o.created_at, o.updated_at, o.last_advanced_at, o.archived_at,
       o.archived_reason_id AS archive_reason, o.stage_id AS stage, o.origin, o.owner_id AS owner,
       o.is_anonymized, o._fivetran_synced AS seen_at, o.gone AS is_deleted, o._fivetran_active AS is_active,
       a.application_id AS application, a.posting_id AS posting, a.link_seen_at AS posting_seen_at,
       a.link_gone AS posting_deleted, a.link_active AS posting_active, s.source,
       s.source_gone AS source_deleted, s.source_active
FROM opportunity o
LEFT JOIN application a ON a.opportunity_id = o.id
LEFT JOIN opportunity_source s ON s.opportunity_id = o.id

-- One row per stage.
-- reads stage: id, text, _fivetran_synced, _fivetran_deleted or is_deleted AS gone, _fivetran_active
SELECT id, text, _fivetran_synced AS seen_at, gone AS is_deleted, _fivetran_active AS is_active FROM stage

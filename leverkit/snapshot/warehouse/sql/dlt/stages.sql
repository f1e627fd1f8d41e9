-- One row per stage.
-- reads stages: id, text, _dlt_load_id, _dlt_valid_to, is_deleted or __deleted or deleted_at AS gone
SELECT id, text, _dlt_load_id AS seen_at, gone AS is_deleted,
       CASE WHEN _dlt_valid_to IS NULL THEN 1 ELSE 0 END AS is_active
FROM stages

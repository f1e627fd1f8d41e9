-- One row per stage.
-- reads stages: id, text, _dlt_load_id, _dlt_valid_to, is_deleted or __deleted or deleted_at AS gone
SELECT id, text, _dlt_load_id AS seen_at, gone AS is_deleted,
       _dlt_valid_to AS valid_to
FROM stages

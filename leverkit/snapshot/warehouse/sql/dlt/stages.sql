-- One row per stage.
-- reads stages: id, text, _dlt_load_id
SELECT id, text, _dlt_load_id AS seen_at FROM stages

-- One row per stage.
-- reads stages: id, text, _sdc_sequence
SELECT id, text, _sdc_sequence AS seen_at FROM stages

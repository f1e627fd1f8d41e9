-- One row per stage.
-- reads stages: id, text, _sdc_sequence, _sdc_extracted_at or _sdc_batched_at or _file_time AS emitted
-- reads stages: _sdc_deleted_at or __deleted or is_deleted AS gone
SELECT id, text, _sdc_sequence AS seen_at, emitted AS emitted_at, gone AS is_deleted FROM stages

-- One row per stage, as Lever's listing shows it.
-- reads stages: id, text, _file_time, __deleted or is_deleted or deleted_at AS gone
SELECT id, text, _file_time AS seen_at, gone AS is_deleted FROM stages

-- One row per opportunity and tag, where the destination has no arrays and Stitch made a table of them.
-- reads opportunities__tags: value, _sdc_source_key_id, _sdc_sequence, _sdc_level_0_id, _sdc_deleted_at
SELECT _sdc_source_key_id AS opportunity, value AS tag, _sdc_level_0_id AS place, _sdc_sequence AS seen_at,
       _sdc_deleted_at AS is_deleted
FROM opportunities__tags

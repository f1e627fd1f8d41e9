-- One row per opportunity and tag.
-- reads opportunities: id, _dlt_id, _dlt_load_id, _dlt_valid_to
-- reads opportunities__tags: value, _dlt_parent_id, _dlt_list_idx
SELECT o.id AS opportunity, t.value AS tag, t._dlt_list_idx AS place, o._dlt_load_id AS seen_at,
       o._dlt_valid_to AS valid_to
FROM opportunities__tags t JOIN opportunities o ON o._dlt_id = t._dlt_parent_id

-- One row per opportunity and tag. The column was tag, and is tags in newer connectors; some have both.
-- reads opportunity_tag: opportunity_id, tag AS old_tag, tags, _fivetran_active
-- reads opportunity_tag: _fivetran_deleted or is_deleted AS gone
SELECT opportunity_id AS opportunity, coalesce(nullif(tags, ''), old_tag) AS tag, gone AS is_deleted,
       _fivetran_active AS is_active
FROM opportunity_tag

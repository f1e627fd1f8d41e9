-- One row per posting, or several where it has several tags.
-- reads posting: id, text, state, categories_team, categories_department, categories_location
-- reads posting: categories_commitment, categories_level, created_at, updated_at, _fivetran_synced
-- reads posting: _fivetran_deleted or is_deleted AS gone, _fivetran_active
-- reads posting_tag: posting_id, tag AS old_tag, tags, _fivetran_deleted AS tag_deleted
-- reads posting_tag: _fivetran_active AS tag_active
SELECT p.id, p.text, p.state, p.categories_team AS team, p.categories_department AS department,
       p.categories_location AS location, p.categories_commitment AS commitment,
       p.categories_level AS level, p.created_at, p.updated_at, p._fivetran_synced AS seen_at,
       p.gone AS is_deleted, p._fivetran_active AS is_active, coalesce(nullif(t.tags, ''), t.old_tag) AS tag,
       t.tag_deleted, t.tag_active
FROM posting p LEFT JOIN posting_tag t ON t.posting_id = p.id

-- One row per posting, or several where it has several tags.
-- reads posting: id, text, state, categories_team, categories_department, categories_location
-- reads posting: categories_commitment, categories_level, created_at, updated_at, _fivetran_deleted
-- reads posting_tag: posting_id, tag AS old_tag, tags, _fivetran_deleted AS tag_deleted
SELECT p.id, p.text, p.state, p.categories_team AS team, p.categories_department AS department,
       p.categories_location AS location, p.categories_commitment AS commitment,
       p.categories_level AS level, p.created_at, p.updated_at, p._fivetran_deleted AS is_deleted,
       coalesce(t.tags, t.old_tag) AS tag, t.tag_deleted
FROM posting p LEFT JOIN posting_tag t ON t.posting_id = p.id

-- One row per posting, or several where it has several tags or locations.
-- reads postings: id, text, state, categories, categories__team, categories__department
-- reads postings: categories__location, categories__commitment, categories__level, tags, confidentiality
-- reads postings: created_at, updated_at, _dlt_id, _dlt_load_id, _dlt_valid_to
-- reads postings: is_deleted or __deleted or deleted_at AS gone
-- reads postings__tags: value, _dlt_parent_id
-- reads postings__categories__all_locations: value AS place, _dlt_parent_id
SELECT p.id, p.text, p.state, p.categories, p.categories__team AS team,
       p.categories__department AS department, p.categories__location AS location,
       p.categories__commitment AS commitment, p.categories__level AS level, p.tags, p.confidentiality,
       p.created_at, p.updated_at, p._dlt_load_id AS seen_at, t.value AS tag, l.place AS one_location,
       p.gone AS is_deleted, p._dlt_valid_to AS valid_to
FROM postings p
LEFT JOIN postings__tags t ON t._dlt_parent_id = p._dlt_id
LEFT JOIN postings__categories__all_locations l ON l._dlt_parent_id = p._dlt_id

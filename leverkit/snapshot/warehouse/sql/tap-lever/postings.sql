-- One row per posting, or several where its tags are a table.
-- reads postings: id, text, state, categories, categories__team, categories__department
-- reads postings: categories__location, categories__commitment, categories__level, tags, createdAt, updatedAt
-- reads postings: _sdc_sequence, _sdc_extracted_at or _sdc_batched_at or _sdc_received_at or _file_time AS emitted
-- reads postings: _sdc_deleted_at or __deleted or is_deleted AS gone
-- reads postings__tags: value, _sdc_source_key_id, _sdc_sequence AS tag_sequence
-- reads postings__tags: _sdc_deleted_at AS tag_gone
SELECT p.id, p.text, p.state, p.categories, p.categories__team AS team,
       p.categories__department AS department, p.categories__location AS location,
       p.categories__commitment AS commitment, p.categories__level AS level, p.tags,
       p.createdAt AS created_at, p.updatedAt AS updated_at, p._sdc_sequence AS seen_at,
       p.emitted AS emitted_at, p.gone AS is_deleted, t.value AS tag, t.tag_sequence AS tag_seen_at,
       t.tag_gone AS tag_deleted
FROM postings p LEFT JOIN postings__tags t ON t._sdc_source_key_id = p.id

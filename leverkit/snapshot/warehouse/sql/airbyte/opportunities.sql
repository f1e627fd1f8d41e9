-- One row per opportunity; in append mode one per reading of it, of which the latest counts.
-- reads opportunities: id, contact, tags, stage, origin, sources, owner, confidentiality, isAnonymized
-- reads opportunities: createdAt, updatedAt, lastAdvancedAt, archived, _airbyte_extracted_at
-- reads opportunities: _airbyte_emitted_at
-- reads applications: opportunityId, posting
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.stage, o.origin, o.sources, o.owner,
       o.confidentiality, o.isAnonymized AS is_anonymized, a.posting,
       o._airbyte_extracted_at AS seen_at, o._airbyte_emitted_at AS emitted_at
FROM opportunities o LEFT JOIN applications a ON a.opportunityId = o.id

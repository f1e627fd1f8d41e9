-- One row per opportunity, as Lever's listing shows it; with expand=applications, or applications beside it.
-- reads opportunities: id, contact, tags, stage, origin, sources, owner, confidentiality, isAnonymized
-- reads opportunities: createdAt, updatedAt, lastAdvancedAt, archived, applications
-- reads applications: opportunityId, posting
SELECT o.id, o.contact, o.tags, o.createdAt AS created_at, o.updatedAt AS updated_at,
       o.lastAdvancedAt AS last_advanced_at, o.archived, o.stage, o.origin, o.sources, o.owner,
       o.confidentiality, o.isAnonymized AS is_anonymized, o.applications, a.posting
FROM opportunities o LEFT JOIN applications a ON a.opportunityId = o.id

-- The texts that Lever writes onto the opportunities of a posting.

CREATE TABLE field AS
WITH said AS (
    SELECT id, 1 AS rank, 'title' AS field, text AS said FROM postings
    UNION ALL SELECT id, 2, 'team', team FROM postings
    UNION ALL SELECT id, 3, 'department', department FROM postings
    UNION ALL SELECT id, 4, 'location', location FROM postings
    UNION ALL SELECT id, 4, 'location', unnest(locations) FROM postings
    UNION ALL SELECT id, 5, 'commitment', commitment FROM postings
    UNION ALL SELECT id, 6, 'level', level FROM postings
    UNION ALL SELECT id, 7, 'tag', unnest(tags) FROM postings)
SELECT id AS posting, rank, field, said FROM said WHERE trim(said) <> '';

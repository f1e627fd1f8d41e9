-- The figures of the whole account, in one row.

SELECT count(*) AS opportunities, count(*) FILTER (total = 1) + greatest(max(c), 0) AS contacts,
       greatest(max(c), 0) AS split_contacts,  -- they are numbered from 1 on
       (SELECT count(*) FROM tag) AS tags, coalesce(sum(len(tags)), 0)::BIGINT AS taggings,
       (SELECT count(*) FROM opportunities WHERE updated_at IS NULL) AS never_updated,
       coalesce(max(created_at), 0) AS newest_created_at,
       (SELECT count(DISTINCT o) FROM gap) AS opportunities_with_gaps
FROM opp;

-- The figures of the whole account, in one row.

SELECT count(*) AS opportunities, count(*) FILTER (total = 1) + greatest(max(c), 0) AS contacts,
       greatest(max(c), 0) AS split_contacts,  -- they are numbered from 1 on
       (SELECT count(DISTINCT c) FROM inconsistent) AS inconsistent_contacts,
       (SELECT count(*) FROM tag) AS tags, (SELECT count(*) FROM tagging) AS taggings,
       (SELECT coalesce(sum(lack), 0) FROM inconsistent)::BIGINT AS missing,
       count(*) FILTER (untouched) AS never_updated, coalesce(max(created_at), 0) AS newest_created_at
FROM opp;

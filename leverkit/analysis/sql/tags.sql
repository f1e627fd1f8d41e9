-- One row per tag: `Audit.tags` before its associations and postings.

WITH every AS (
    SELECT t, sum(uses)::BIGINT AS opportunities, sum(alone)::BIGINT AS alone, sum(archived)::BIGINT AS archived
    FROM month GROUP BY t),
siblings AS (
    SELECT t, count(*) AS split_contacts, count(*) FILTER (lack > 0) AS inconsistent_contacts,
           sum(lack) AS missing, sum(have) AS present,
           sum(have * (have - 1)) AS agree, sum(have * (have + lack - 1)) AS pairs
    FROM holding GROUP BY t),
size AS (SELECT count(*) FILTER (total > 1 AND NOT is_anonymized) AS split_opportunities FROM opp),
modes AS (
    SELECT t, arg_max(pattern, c) AS pattern, max(c) / sum(c) AS share,
           coalesce(sum(c) FILTER (pattern = 'archived only'), 0)::BIGINT AS only_archived
    FROM (SELECT t, $patterns[pattern + 1] AS pattern, count(*) AS c FROM inconsistent GROUP BY t, pattern)
    GROUP BY t)
SELECT t, text AS tag, opportunities, every.alone + coalesce(split_contacts, 0) AS contacts,
       coalesce(split_contacts, 0) AS split_contacts,
       coalesce(inconsistent_contacts, 0) AS inconsistent_contacts,
       coalesce(present, 0)::BIGINT AS present, coalesce(missing, 0)::BIGINT AS missing,
       present / nullif(present + missing, 0) AS coverage, agree / nullif(pairs, 0) AS agreement,
       CASE WHEN pairs > 0 THEN present / split_opportunities END AS expected,
       CASE WHEN share >= 0.6 THEN pattern WHEN share IS NULL THEN '-' ELSE 'mixed' END AS pattern,
       coalesce(only_archived, 0) AS only_archived, every.archived / opportunities AS archived_share
FROM every JOIN tag USING (t) LEFT JOIN siblings USING (t) LEFT JOIN modes USING (t), size
ORDER BY opportunities DESC, tag;

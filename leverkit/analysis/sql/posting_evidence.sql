-- One row per tag: the figures by which `posting_tags.verdict` judges.

SELECT t, field, said, own_share, coalesce(listed, 0) AS listed, coalesce(postings, 0) AS postings,
       coalesce(posting_places, 0)::BIGINT AS posting_places, posting_agreement, posting_expected,
       top_share, top_expected, coalesce(company, 0) AS company, coalesce(bare, 0) AS bare,
       coalesce(gone, 0) AS gone
FROM tag LEFT JOIN match USING (t) LEFT JOIN posted USING (t) LEFT JOIN company USING (t)
LEFT JOIN gone USING (t)
ORDER BY t;

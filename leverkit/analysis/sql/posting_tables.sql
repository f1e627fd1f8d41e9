-- The tables behind posting_evidence.sql: tags that equal a text of a posting, come in company, or agree.

CREATE TABLE used AS SELECT p, t, count(*) AS k FROM tagging WHERE p IS NOT NULL GROUP BY p, t;

CREATE TABLE match AS
WITH f AS (SELECT posting, rank, field, said, folded FROM field JOIN folded ON said = folded.text),
g AS (SELECT t, tag.text, folded FROM tag JOIN folded USING (text)),
best AS (
    SELECT t, arg_min(field, (rank, said <> text, said)) AS field,
           arg_min(said, (rank, said <> text, said)) AS said
    FROM g JOIN f USING (folded) GROUP BY t),
named AS (SELECT v AS p, value AS posting FROM trait WHERE kind = 'posting'),
pair AS (SELECT DISTINCT t, p FROM g JOIN f USING (folded) JOIN named USING (posting)),
own AS (SELECT t, sum(k)::BIGINT AS own FROM used JOIN pair USING (t, p) GROUP BY t),
listed AS (
    SELECT t, sum(k)::BIGINT AS listed
    FROM used JOIN named USING (p) SEMI JOIN postings ON postings.id = posting GROUP BY t)
SELECT t, field, said, coalesce(own, 0) / nullif(listed, 0) AS own_share, coalesce(listed, 0) AS listed
FROM best LEFT JOIN own USING (t) LEFT JOIN listed USING (t);

CREATE TABLE company AS
WITH bare AS (SELECT o, t, c FROM tagging WHERE p IS NULL),
total AS (SELECT count(DISTINCT c) AS everyone FROM bare),
size AS (SELECT t, count(DISTINCT c) AS people FROM bare GROUP BY t HAVING count(DISTINCT c) >= 5),
pair AS (
    SELECT a.t, b.t AS u, count(DISTINCT a.c) AS together
    FROM bare a JOIN bare b ON a.o = b.o AND a.t <> b.t SEMI JOIN size ON size.t = a.t GROUP BY a.t, b.t),
implied AS (
    SELECT pair.t, u FROM pair JOIN size s ON s.t = pair.t JOIN size r ON r.t = u, total
    WHERE together >= 0.9 * s.people AND together / s.people >= 1.5 * r.people / everyone
      AND s.people * ln(together / s.people * everyone / r.people) >= 8),
led AS (
    SELECT i.u AS t, count(DISTINCT b.o) AS led FROM implied i
    JOIN bare b ON b.t = i.u SEMI JOIN bare a ON a.o = b.o AND a.t = i.t GROUP BY i.u),
held AS (SELECT t, count(*) AS c FROM bare GROUP BY t)
SELECT t, c AS bare,
       greatest(coalesce(led / c, 0), CASE WHEN t IN (SELECT t FROM implied) THEN 1 ELSE 0 END) AS company
FROM held LEFT JOIN led USING (t);

-- Where Lever names no posting, the opportunities with the same combination of tags count as one posting.
CREATE TABLE core AS
SELECT o, (dense_rank() OVER (ORDER BY company) + (SELECT count(*) FROM trait))::INTEGER AS p
FROM (SELECT o, string_agg(t::VARCHAR, ' ' ORDER BY t) AS company
      FROM tagging SEMI JOIN (FROM company WHERE company >= 0.8) AS bound ON bound.t = tagging.t
      WHERE p IS NULL GROUP BY o);

CREATE TABLE place AS
SELECT o, c, total, p FROM opp WHERE len(tags) > 0 AND p IS NOT NULL
UNION ALL SELECT o, c, total, core.p FROM opp JOIN core USING (o);

-- A contact counts once per posting: the few with two opportunities there (`twice`, their tags `again`) are
-- corrected for. Opportunities without any tag are no evidence, as archiving may drop tags.
CREATE TABLE posted AS
WITH twice AS (
    SELECT c, p, count(*) - 1 AS extra FROM place WHERE total > 1 GROUP BY c, p HAVING count(*) > 1),
again AS (
    SELECT p, t, sum(held - 1) AS extra
    FROM (SELECT place.p, t, count(*) AS held
          FROM tagging JOIN (FROM place SEMI JOIN twice USING (c, p)) AS place USING (o)
          GROUP BY place.c, place.p, t)
    GROUP BY p, t),
size AS (
    SELECT p, (every.n - coalesce(extra, 0))::BIGINT AS n
    FROM (SELECT p, count(*) AS n FROM place GROUP BY p) AS every
    LEFT JOIN (SELECT p, sum(extra) AS extra FROM twice GROUP BY p) USING (p)
    WHERE every.n - coalesce(extra, 0) > 1),
counted AS (
    FROM used UNION ALL
    SELECT core.p, t, count(*) FROM tagging JOIN core USING (o) GROUP BY core.p, t),
held AS (
    SELECT p, t, (k - coalesce(extra, 0))::BIGINT AS k FROM counted LEFT JOIN again USING (p, t))
SELECT t, count(*) AS postings, sum(k) AS posting_places,
       sum(k * (k - 1) / (n - 1)) / sum(k) AS posting_agreement,
       sum(k) / (SELECT sum(n) FROM size) AS posting_expected, max(k) / sum(k) AS top_share,
       arg_max(n, (k, n)) / (SELECT sum(n) FROM size) AS top_expected
FROM held JOIN size USING (p) GROUP BY t;

-- Tags with few uses that come with two other tags, as a posting gives them: the share of their uses on
-- opportunities of no listed posting (`gone`).
CREATE TABLE rare AS
WITH few AS (
    SELECT t, count(*) AS uses FROM tagging GROUP BY t HAVING uses BETWEEN 3 AND 40 AND min(c) <> max(c)),
listed AS (SELECT v AS p FROM trait JOIN postings ON id = value WHERE kind = 'posting')
SELECT o, t, uses, p IN (FROM listed) AS listed FROM tagging JOIN few USING (t);

CREATE TABLE gone AS
WITH pair AS (
    SELECT rare.t, other.t AS u FROM tagging AS other JOIN rare ON other.o = rare.o AND other.t <> rare.t
    GROUP BY rare.t, other.t HAVING count(*) >= 0.8 * any_value(uses)),
bound AS (SELECT t FROM pair GROUP BY t HAVING count(*) > 1)
SELECT t, count(*) FILTER (coalesce(NOT listed, true)) / count(*) AS gone
FROM rare SEMI JOIN bound USING (t) GROUP BY t;

DROP TABLE place;
DROP TABLE rare;

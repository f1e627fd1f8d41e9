-- The siblings of the opportunities with a tag, by how far apart the two were created: those of the same weeks
-- are hardly independent. At most about 1,000 people are looked at for a tag. Reads the tables of settings.sql.

CREATE TEMP TABLE sibling AS
WITH held AS (FROM hand JOIN use USING (g) WHERE total > 1 AND c % greatest(people // 1000, 1) = 0)
SELECT a.g, a.c, b.month, b.outcome, b.channel, b.owner, b.posting, h.o IS NOT NULL AS has,
       greatest(a.month, b.month) AS newer, a.rate,
       CASE WHEN abs(a.day - b.day) <= 30 THEN 'near' WHEN abs(a.day - b.day) <= 150 THEN 'mid'
            ELSE 'far' END AS apart
FROM held a JOIN scene b ON a.c = b.c AND a.place <> b.place
LEFT JOIN held h ON h.o = b.o AND h.g = a.g;

DROP TABLE hand;

-- Where older siblings agree on nearly all tags until some month, whatever the tags are about, an earlier
-- migration has copied them, and these siblings are no evidence. Each tag counts the same.
CREATE TEMP TABLE copied AS
WITH months AS (
    SELECT newer, count(*) AS pairs, sum(part) AS n, sum(part) FILTER (has) AS k
    FROM (SELECT newer, has, 1 / count(*) OVER (PARTITION BY g) AS part FROM sibling WHERE apart <> 'near')
    GROUP BY newer),
grown AS (
    SELECT newer, sum(pairs) OVER before AS pairs, sum(n) OVER before AS n, sum(k) OVER before AS k,
           sum(k) OVER late / sum(n) OVER late AS late
    FROM months
    WINDOW before AS (ORDER BY newer), late AS (ORDER BY newer ROWS 3 PRECEDING))
SELECT coalesce(max(newer), 0) AS month FROM grown
WHERE pairs >= 50 AND n >= 3 AND k >= 0.85 * n AND late >= 0.85
  AND newer < (SELECT quantile_disc(month, 0.8) FROM scene);

DROP TABLE scene;

-- `chance`: what siblings in the same setting carry, in the setting that explains most; a person counts once.
CREATE TEMP TABLE apart AS
WITH pair AS (
    SELECT *, has::INTEGER AS hit, 1 / count(*) OVER (PARTITION BY g, c, apart) AS weight
    FROM sibling WHERE newer > (SELECT month FROM copied)),
chance AS (
    SELECT pair.g, apart, weight, hit,
           (coalesce(m.k, 0) - hit + rate) / coalesce(m.n, 1) AS month,
           (coalesce(s.k, 0) - hit + rate) / coalesce(s.n, 1) AS outcome,
           (coalesce(w.k, 0) - hit + rate) / coalesce(w.n, 1) AS channel,
           (coalesce(u.k, 0) - hit + rate) / coalesce(u.n, 1) AS owner,
           (coalesce(p.k, 0) - hit + rate) / coalesce(p.n, 1) AS posting
    FROM pair
    LEFT JOIN setting m ON m.g = pair.g AND m.kind = 'month' AND m.v = pair.month
    LEFT JOIN setting s ON s.g = pair.g AND s.kind = 'outcome' AND s.v = pair.outcome
    LEFT JOIN setting w ON w.g = pair.g AND w.kind = 'channel' AND w.v = pair.channel
    LEFT JOIN setting u ON u.g = pair.g AND u.kind = 'owner' AND u.v = pair.owner
    LEFT JOIN setting p ON p.g = pair.g AND p.kind = 'posting' AND p.v = pair.posting)
SELECT g, apart, sum(weight) AS people, sum(weight * hit) / people AS agree,
       greatest(sum(weight * month), sum(weight * outcome), sum(weight * channel), sum(weight * owner),
                sum(weight * posting)) / people AS chance
FROM chance GROUP BY g, apart;

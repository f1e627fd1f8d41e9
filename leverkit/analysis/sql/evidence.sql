-- One row per tag that comes from no posting, all spellings of one together: `AuditFacts.evidence`.

WITH siblings AS (
    SELECT g, max(people) FILTER (apart = 'near') AS near_people, max(agree) FILTER (apart = 'near') AS near_agree,
           max(chance) FILTER (apart = 'near') AS near_chance,
           max(people) FILTER (apart = 'mid') AS mid_people, max(agree) FILTER (apart = 'mid') AS mid_agree,
           max(chance) FILTER (apart = 'mid') AS mid_chance,
           max(people) FILTER (apart = 'far') AS far_people, max(agree) FILTER (apart = 'far') AS far_agree,
           max(chance) FILTER (apart = 'far') AS far_chance
    FROM apart GROUP BY g),
bound AS (
    SELECT g, coalesce(sum(k * others) FILTER (kind = 'month') / sum(k) FILTER (kind = 'month'), 0) AS month,
           coalesce(sum(k * others) FILTER (kind = 'outcome') / sum(k) FILTER (kind = 'outcome'), 0) AS outcome,
           coalesce(sum(k * others) FILTER (kind = 'channel') / sum(k) FILTER (kind = 'channel'), 0) AS channel,
           coalesce(sum(k * others) FILTER (kind = 'owner') / sum(k) FILTER (kind = 'owner'), 0) AS owner
    FROM setting GROUP BY g),
named AS (SELECT DISTINCT g, preferred FROM spelt)
SELECT preferred AS tag, parts, used, rate, coalesce(days, span, 0) AS days, coalesce(span, 0) AS span, coalesce(near_people, 0) AS near_people,
       coalesce(near_agree, 0) AS near_agree, coalesce(near_chance, 0) AS near_chance,
       coalesce(mid_people, 0) AS mid_people, coalesce(mid_agree, 0) AS mid_agree,
       coalesce(mid_chance, 0) AS mid_chance, coalesce(far_people, 0) AS far_people,
       coalesce(far_agree, 0) AS far_agree, coalesce(far_chance, 0) AS far_chance,
       month, outcome, channel, owner
FROM use JOIN named USING (g) JOIN bound USING (g) LEFT JOIN siblings USING (g) ORDER BY preferred;

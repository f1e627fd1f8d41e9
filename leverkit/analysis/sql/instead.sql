-- How often another tag of its family replaces a tag on a sibling: answers to one question, grades of one test.
-- `$names` is the preferred spelling of each of the `$tags`. `joint`: opportunities with the tag that have
-- another of its family, too, beside those of all (`usual`). A person counts once; `$sample` opportunities are
-- enough.

WITH member AS (SELECT unnest($tags) AS tag, unnest($names) AS name, unnest($families) AS family),
opp AS (
    SELECT id, contact, tags FROM opportunities, (SELECT greatest(1, count(*) // $sample) AS parts FROM opportunities)
    WHERE hash(contact) % parts = 0 AND len(tags) > 0),
seen AS (FROM opp SEMI JOIN (FROM opp SELECT contact GROUP BY contact HAVING count(*) > 1) USING (contact)),
held AS (
    SELECT DISTINCT id, contact, family, name
    FROM (SELECT id, contact, unnest(tags) AS tag FROM seen) JOIN member USING (tag)),
had AS (SELECT id, contact, family, list(name) AS names FROM held GROUP BY ALL),
usual AS (SELECT family, count(*) / (SELECT count(*) FROM seen) AS usual FROM had GROUP BY family),
own AS (
    SELECT name, family, avg((len(names) > 1)::INTEGER) AS joint
    FROM held JOIN had USING (id, contact, family) GROUP BY ALL),
sibling AS (
    SELECT h.name, list_contains(s.names, h.name) AS has, 1 / count(*) OVER (PARTITION BY h.name, h.contact) AS part
    FROM held h JOIN had s ON s.contact = h.contact AND s.family = h.family AND s.id <> h.id)
SELECT name, any_value(joint), any_value(usual), sum(part) AS people, coalesce(sum(part) FILTER (NOT has), 0) AS others
FROM own JOIN usual USING (family) JOIN sibling USING (name) GROUP BY name ORDER BY name

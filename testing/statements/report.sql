WITH moved AS (
    SELECT h.bid, h.tid, h.aid, sum(h.delta) AS delta, count(*) AS moves, max(h.mtime) AS last
    FROM pgbench_history AS h
    WHERE h.mtime >= date_trunc('month', now()) - interval '1 year'
    GROUP BY h.bid, h.tid, h.aid
)
SELECT b.bid, coalesce(p.name, 'unknown') AS keeper, p.email, lower(p.name) AS sorted,
       sum(m.delta) AS delta, sum(m.moves) AS moves, count(DISTINCT a.aid) AS accounts,
       round(avg(a.abalance), 2) AS mean, max(m.last) AS last,
       CASE WHEN sum(m.delta) > 0 THEN 'in' WHEN sum(m.delta) < 0 THEN 'out' ELSE 'even' END AS trend,
       rank() OVER (ORDER BY sum(m.delta) DESC) AS place
FROM moved AS m
JOIN pgbench_branches AS b ON b.bid = m.bid
JOIN pgbench_tellers AS t ON t.tid = m.tid AND t.bid = b.bid
JOIN pgbench_accounts AS a ON a.aid = m.aid AND a.bid = b.bid
JOIN pgbench_branches AS home ON home.bid = a.bid
LEFT JOIN pgbench_tellers AS deputy ON deputy.bid = home.bid AND deputy.tid > t.tid
LEFT JOIN people AS p ON p.id = t.tid
LEFT JOIN people AS q ON q.id = deputy.tid AND q.score BETWEEN 10 AND 900
LEFT JOIN pgbench_accounts AS other ON other.aid = q.id
LEFT JOIN pgbench_branches AS away ON away.bid = other.bid
LEFT JOIN LATERAL (SELECT max(x.seen) AS seen FROM people AS x WHERE x.id = other.aid) AS s ON true
WHERE a.abalance IS NOT NULL
  AND (p.name ILIKE '%a%' OR p.score IN (1, 2, 3, 5, 8) OR EXISTS (SELECT 1 FROM people AS y WHERE y.id = a.aid))
GROUP BY b.bid, p.name, p.email
HAVING count(*) > 1
ORDER BY place, b.bid
LIMIT 100;

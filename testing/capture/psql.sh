#!/usr/bin/env bash
# psql.sh PSQL PG_DUMP: the describing commands of a psql, and what a pg_dump of the same version asks.
exec 2>&1
for command in '\conninfo' '\d' '\dt+' '\d+ customers' '\d+ orders' '\d+ order_totals' '\dv+' '\di+' '\ds+' '\df+ order_total' \
    '\sf order_total' '\sv order_totals' '\dn+' '\du+' '\dT+' '\dC text' '\dD' '\dx+' '\dp' '\ddp' '\dL' '\dRp+' '\dRs' '\dA+' \
    '\dAc btree integer' '\dAo btree integer_ops' '\dO' '\dF' '\dconfig work_mem' '\dX' '\dP' '\dy' '\drg' '\drds' '\db' '\l+' '\z orders' \
    '\do+ = integer integer' '\da count' '\dd' '\dm' '\dE' '\dg'; do
    echo "== $command"
    "$1" -Xc "$command"
done
echo 'SELECT id, category FROM products WHERE id < $1 ORDER BY id \bind 3 \g' | "$1" -X
printf 'SELECT $1::int + 1 \\parse one\n\\bind_named one 4 \\g\n\\close_prepared one\n' | "$1" -X
"$2" --no-sync -t products -t orders --schema-only --no-owner --no-acl | grep -v restrict
"$2" --no-sync -t products --data-only --inserts | grep -v restrict | tail -n 5
"$2" --no-sync -t order_items --data-only | grep -v restrict | md5sum

"""What SQLAlchemy's reflection and ORM see of the shop, as JSON; run directly and through the gateway."""

import json
import os
import sys

import sqlalchemy as sa
from sqlalchemy import orm

seen = []


def note(name, value):
    seen.append([name, repr(value)])


def main():
    url = os.environ["DSN"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    note("schemas", sorted(inspector.get_schema_names()))
    note("tables", sorted(inspector.get_table_names()))
    note("views", sorted(inspector.get_view_names()))
    for table in sorted(inspector.get_table_names()):
        note(f"{table} columns", inspector.get_columns(table))
        note(f"{table} key", inspector.get_pk_constraint(table))
        note(f"{table} foreign", inspector.get_foreign_keys(table))
        note(f"{table} indexes", inspector.get_indexes(table))
        note(f"{table} checks", inspector.get_check_constraints(table))
        note(f"{table} unique", inspector.get_unique_constraints(table))
        note(f"{table} comment", inspector.get_table_comment(table))
    note("enums", inspector.get_enums())
    note("view", inspector.get_view_definition("order_totals"))
    metadata = sa.MetaData()
    metadata.reflect(engine)
    orders, items = metadata.tables["orders"], metadata.tables["order_items"]
    query = (sa.select(orders.c.id, orders.c.status, sa.func.count()).join(items).where(orders.c.id.in_([1, 2, 3]))
             .group_by(orders.c.id).order_by(orders.c.id))
    base = orm.declarative_base(metadata=metadata)

    class Product(base):
        __table__ = metadata.tables["products"]

    with orm.Session(engine) as session:
        note("joined", session.execute(query).all())
        first = session.get(Product, 1)
        note("object", (first.sku, first.title, first.price, first.details))
        first.stock += 1
        session.flush()
        note("flushed", session.scalar(sa.select(Product.stock).where(Product.id == 1)))
        session.rollback()
    json.dump(seen, sys.stdout, indent=0)


main()

"""Alembic beside the shop: autogenerate against its tables, then upgrade, autogenerate again, downgrade. Needs alembic and psycopg."""

import os
import sys

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, create_engine, inspect, text

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))


def wanted():
    """The shop as it is, one table more, and a column more."""
    metadata = MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
    metadata.tables["products"].append_column(Column("maker", String(40), comment="Who made it."))
    Table(
        "reviews", metadata,
        Column("id", Integer, primary_key=True),
        Column("product_id", ForeignKey("products.id", ondelete="CASCADE"), nullable=False),
        Column("body", String(200), server_default="nothing said", unique=True),
    )
    return metadata


OPTIONS = {"compare_type": True, "compare_server_default": True, "include_schemas": False}


def reading():
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS | {"target_metadata": MetaData()})
        print(context.get_current_revision(), len(compare_metadata(context, MetaData())))
        print(render_python_code(produce_migrations(context, MetaData()).upgrade_ops))
        inspector = inspect(connection)
        print(inspector.get_schema_names(), inspector.get_view_names())


def migrating():
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        target = wanted()
        script = produce_migrations(context, target)
        print(render_python_code(script.upgrade_ops))
        context._ensure_version_table()
        invoke(Operations(context), script.upgrade_ops)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=OPTIONS)
        print(render_python_code(produce_migrations(context, target).upgrade_ops))
    with engine.begin() as connection:
        invoke(Operations(MigrationContext.configure(connection, opts=OPTIONS)), script.downgrade_ops)
        print(connection.execute(text("SELECT count(*) FROM alembic_version")).scalar())


def invoke(operations, step):
    for one in getattr(step, "ops", None) or [step]:
        invoke(operations, one) if hasattr(one, "ops") else operations.invoke(one)


{"reading": reading, "migrating": migrating}[sys.argv[1]]()

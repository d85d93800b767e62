"""An application that reads a row with masks, changes one column and writes all of it back, as mappers do.

Says, for psycopg with parameters (text, then binary and prepared) and for SQLAlchemy, whether that was refused with the
column's name, and then writes what it changed alone.
"""

import os

import psycopg
import sqlalchemy
from psycopg.rows import dict_row

DSN = os.environ["DSN"]
COLUMNS = ["name", "email", "phone", "notes"]
STATEMENT = "UPDATE customers SET name = %s, email = %s, phone = %s, notes = %s WHERE id = %s"
said = []


def say(error):
    text = str(error)
    named = "public.customers.email is masked for you" in text and "leave the column out" in text
    said.append("refused" if named else text)


for binary in (False, True):
    with psycopg.connect(DSN, autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.cursor(binary=binary)
        row = cursor.execute("SELECT * FROM customers WHERE id = 3").fetchone()
        row["notes"] = "changed"
        values = [row[column] for column in COLUMNS] + [3]
        if binary:
            values = [value.encode().decode() if isinstance(value, str) else value for value in values]
        try:
            cursor.execute(STATEMENT, values, prepare=binary)
            said.append("written")
        except psycopg.errors.InsufficientPrivilege as error:
            say(error)

engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(DSN))
customers = sqlalchemy.Table("customers", sqlalchemy.MetaData(), autoload_with=engine)
with engine.connect() as connection:
    row = dict(connection.execute(sqlalchemy.select(customers).where(customers.c.id == 3)).mappings().one())
    row["notes"] = "changed"
    try:
        connection.execute(sqlalchemy.update(customers).where(customers.c.id == 3).values(**row))
        said.append("written")
    except sqlalchemy.exc.ProgrammingError as error:
        say(error)
    connection.rollback()
    connection.execute(sqlalchemy.update(customers).where(customers.c.id == 3).values(notes=row["notes"]))
    connection.commit()
    said.append("kept")

print(*said)

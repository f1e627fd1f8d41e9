"""What the SQL of one warehouse writes otherwise than that of another; the files of a shape hold the rest."""

from __future__ import annotations

from dataclasses import dataclass

STATEMENTS = "--sql DIR writes the statements, to be read and changed"  # what helps where one fails
COLUMNS = "SELECT table_schema, table_name, column_name FROM {place}information_schema.columns"


@dataclass(frozen=True)
class Dialect:
    """How a warehouse quotes names and calls its type for texts.

    `catalog` stands before schemas. `listing` is the query for the names of schemas, tables and columns.
    """

    quotes: str = '"'
    text: str = "VARCHAR"
    catalog: str = ""
    listing: str = COLUMNS.format(place="")

    def quote(self, name: str) -> str:
        """Return a name, quoted so that it is taken as it is."""
        return f"{self.quotes}{name.replace(self.quotes, self.quotes * 2)}{self.quotes}"

    def literal(self, text: str) -> str:
        """Return a text as a value in SQL."""
        if self.quotes == "`":
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return "'" + text.replace("'", "''") + "'"

    def table(self, schema: str, name: str) -> str:
        """Return the name of a table in a schema."""
        return ".".join([*filter(None, [self.catalog]), self.quote(schema), self.quote(name)])

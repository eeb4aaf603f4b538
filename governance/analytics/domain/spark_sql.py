"""SQL for a server that we do not hold behind walls of our own: Spark's, or Hive's.

DuckDB runs in a process that sees granted files alone; a cluster sees the whole lake. So nothing
that a person wrote is sent. What is sent is written from the checked tree, twice:

1. `unfolded`, in the plan: views stand where they were named, parameters as literals;
2. `placed`, by the engine: each table of the catalogue becomes what it is on the server.

After each, the text is read again: its tables and functions must be those that were meant, and
what is sent must come out the same when it is written once more. A writer that left a name
unquoted would be noticed there, and so would what we take for a comment and the server does not.
Hive and Spark put variables of their process into SQL (`${env:…}`) before they parse it, in
strings too: none is let through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import ErrorLevel, exp

from governance.analytics.domain import dialect
from governance.analytics.domain.dialect import MAX_NODES, UNREADABLE, WORD, SQLRefused
from governance.analytics.domain.hive_options import Product

VARIABLE = "${"
OF_A_NAME = frozenset({"this", "db", "alias"})
AROUND_A_NAME = OF_A_NAME | {"joins", "laterals", "pivots", "sample"}
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a table of the catalogue is called on the server; a database only where it has one."""

    name: str
    database: str = ""


def unfolded(
    *, tree: exp.Query, views: Mapping[str, exp.Query], parameters: Mapping[str, Value]
) -> str:
    """The query over tables alone, in Spark's dialect. Raises SQLRefused."""
    made = _with_views(tree, views)
    for node in list(made.walk()):
        if isinstance(node, exp.With) and node.recursive:
            _check_recursion(node)
        if isinstance(node, exp.Placeholder):
            node.replace(exp.convert(parameters[str(node.name)]))
        elif isinstance(node, exp.Hint):
            node.pop()
    return _written(made, dialect.READ_DIALECT)


def placed(
    *,
    sql: str,
    relations: Mapping[str, Relation],
    product: Product,
    prefix: str,
    most_rows: int | None = None,
) -> str:
    """What is sent: the plan's SQL over the server's own names. Raises SQLRefused.

    `prefix` is one that no table of the server begins with. Where the query has no limit it gets
    one, so that the server collects no more than we take.
    """
    tree = _read(sql, dialect.READ_DIALECT)
    _rename_withs(tree, prefix)
    _place_tables(tree, relations)
    if most_rows is not None and not (tree.args.get("limit") or tree.args.get("fetch")):
        tree.set("limit", exp.Limit(expression=exp.Literal.number(most_rows)))
    text = _written(tree, product.value)
    _check_reading(text, relations=relations, product=product)
    return text


def _place_tables(tree: exp.Query, relations: Mapping[str, Relation]) -> None:
    for table in list(_tables(tree)):
        relation = relations.get(_full_name(table))
        given = {name for name, value in table.args.items() if value}
        if relation is None or given - AROUND_A_NAME:
            raise SQLRefused(why=f"{_full_name(table)} cannot be read like this on this engine.")
        database = exp.to_identifier(relation.database, quoted=True) if relation.database else None
        table.set("this", exp.to_identifier(relation.name, quoted=True))
        table.set("db", database)


def _check_reading(text: str, *, relations: Mapping[str, Relation], product: Product) -> None:
    """What is about to be sent says what was meant."""
    meant = {_full_name(each) for each in _relation_tables(relations)}
    again = _read(text, product.value)
    found = {_full_name(table) for table in _tables(again)}
    # Where a writer lets characters through as they were typed, the same text does not come back.
    if not found <= meant or _written(again, product.value) != text:
        raise SQLRefused(why="it cannot be written for this engine without changing its meaning.")


def _check_recursion(clause: exp.With) -> None:
    """Each step reads again, and nobody can say how often: usage is counted before."""
    for each in clause.expressions:
        read = [
            table for table in each.find_all(exp.Table) if isinstance(table.this, exp.Identifier)
        ]
        names = {"" if table.db else table.name.lower() for table in read}
        if each.alias.lower() in names and len(names) > 1:
            why = "a WITH that reads itself can read nothing else on this engine. Join it after."
            raise SQLRefused(why=why)


def _with_views(tree: exp.Query, views: Mapping[str, exp.Query]) -> exp.Query:
    made = tree.copy()
    for table in list(_tables(made)):
        view = views.get(_full_name(table))
        if view is None:
            continue
        if {name for name, value in table.args.items() if value} - OF_A_NAME:
            raise SQLRefused(why=f"the view {_full_name(table)} cannot be read like this.")
        inner = _with_views(view, views)
        table.replace(exp.Subquery(this=inner, alias=table.args["alias"].copy()))
        dialect.refuse_monsters(made)
    return made


def _written(tree: exp.Query, language: str) -> str:
    for count, node in enumerate(list(tree.walk())):
        if count > MAX_NODES:
            raise SQLRefused(why="it has too many parts.")
        _check(node)
    plain = tree.transform(_without_variables)
    try:
        text = plain.sql(
            dialect=language, identify=True, comments=False, unsupported_level=ErrorLevel.RAISE
        )
    except UNREADABLE as error:
        raise SQLRefused(why=dialect.first_line(error)) from error
    if VARIABLE in text:
        raise SQLRefused(why=f"{VARIABLE} is not available on this engine.")
    return text


def _check(node: exp.Expr) -> None:
    """Refuse what would be written as it was typed."""
    if isinstance(node, exp.Func):
        dialect.refuse_function(node)
    dialect.refuse_loose_words(node)
    if isinstance(node, exp.DataType) and node.is_type(exp.DataType.Type.USERDEFINED):
        raise SQLRefused(why="a type in it is not known here.")
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
        raise SQLRefused(why="a function is named without a database.")
    if isinstance(node, exp.Lateral):
        names = [
            name.name
            for name in (node.args.get("alias") or exp.TableAlias()).find_all(exp.Identifier)
        ]
        if not all(WORD.fullmatch(name) for name in names):
            raise SQLRefused(why="name a lateral view by a plain word.")


def _without_variables(node: exp.Expr) -> exp.Expr:
    """The same text in two parts, which a server joins after it has looked for variables."""
    if isinstance(node, exp.Literal) and node.is_string and VARIABLE in node.this:
        parts = str(node.this).split(VARIABLE)
        pieces = [parts[0] + "$", *("{" + part + "$" for part in parts[1:-1]), "{" + parts[-1]]
        return exp.Concat(expressions=[exp.Literal.string(piece) for piece in pieces])
    if isinstance(node, exp.Identifier) and VARIABLE in node.name:
        # A heading made of what was written; a column of such a name could not be read anyway.
        return exp.to_identifier(node.name.replace(VARIABLE, "$ {"), quoted=True)
    return node


def _read(text: str, language: str) -> exp.Query:
    tree = dialect.parsed(text, language=language)
    if not isinstance(tree, exp.Query):
        raise SQLRefused(why="only one SELECT is run here, nothing that changes or configures.")
    for node in tree.walk():
        if isinstance(node, dialect.FORBIDDEN_NODES):
            raise SQLRefused(why=f"{type(node).__name__.upper()} is not part of a SELECT here.")
        if isinstance(node, exp.Func):
            dialect.refuse_function(node)
    return tree


def _rename_withs(tree: exp.Query, prefix: str) -> None:
    """Where we see a name of a WITH and the server does not, it must not find a table instead."""
    names = [
        table
        for table in tree.find_all(exp.Table)
        if not table.db and not isinstance(table.this, exp.Func)
    ]
    for table in names:
        if table.name.lower() not in dialect.visible_names(table):
            raise SQLRefused(why=f"{table.name} is named before it is there.")
    for table in names:
        if not table.alias:
            alias = exp.to_identifier(table.name, quoted=True)
            table.set("alias", exp.TableAlias(this=alias))
        table.set("this", exp.to_identifier(prefix + table.name.lower(), quoted=True))
    for each in tree.find_all(exp.CTE):
        named = exp.to_identifier(prefix + each.alias.lower(), quoted=True)
        each.args["alias"].set("this", named)


def _tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """Those that are neither a function nor a name of a WITH."""
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Func):
            continue
        if not table.db and table.name.lower() in dialect.visible_names(table):
            continue
        yield table


def _full_name(table: exp.Table) -> str:
    return ".".join(part.name.lower() for part in table.parts)


def _relation_tables(relations: Mapping[str, Relation]) -> Iterator[exp.Table]:
    for relation in relations.values():
        yield exp.table_(relation.name, db=relation.database or None, quoted=True)

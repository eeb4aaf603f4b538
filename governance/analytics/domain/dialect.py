"""The one dialect of every entrance: Hive and Spark SQL, read, checked and put into DuckDB's.

Only what is known to be harmless passes: one statement that reads, tables of the catalogue
alone, functions that compute. The engine's own walls stand behind this, and would hold alone.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import ErrorLevel, exp, parse
from sqlglot.errors import SqlglotError

from governance.analytics.domain.functions import ALLOWED_FUNCTIONS, FORBIDDEN_FUNCTIONS
from governance.kernel.refusals import FieldError, Invalid, NotFound

# Its warnings repeat the SQL, which may hold somebody's data.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

READ_DIALECT = "spark"
MAX_LENGTH = 100_000
MAX_NODES = 20_000
MAX_DEPTH = 300
MAX_HEADING = 60
MAX_USES = 1000
# What is written as it was typed: words without quotes around them.
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# How sqlglot says that an expression misses a part: by the names of its classes.
INNARDS = re.compile(r"Required keyword: '\w+' missing for <class '[\w.]+'>")

FORBIDDEN_NODES = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Copy,
    exp.Attach,
    exp.Detach,
    exp.Pragma,
    exp.Set,
    exp.Use,
    exp.Into,
    exp.Lock,
    exp.QueryTransform,
    exp.Parameter,
    exp.SessionParameter,
    exp.Version,
)


# sqlglot trips where a function lacks an argument that it takes for granted.
UNREADABLE = (
    SqlglotError,
    RecursionError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


class SQLInvalid(Invalid):
    code = "sql_invalid"
    sentence = "The SQL cannot be read: {why}"


class SQLRefused(Invalid):
    code = "sql_refused"
    sentence = "This SQL is not allowed: {why}"


class TableUnknown(NotFound):
    code = "table_unknown"
    sentence = "There is no table {table} that you may read. SHOW TABLES lists those there are."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuery:
    """One checked SELECT: every table in it has its database before its name.

    `mentions` says how often each table may be read: a name in a WITH counts for each use.
    """

    tree: exp.Query
    tables: tuple[str, ...]
    mentions: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]
    reads_all_columns: bool
    parameters: tuple[str, ...]

    def for_duckdb(self) -> str:
        """In DuckDB's dialect; refused where that would change the meaning. No comments."""
        try:
            return self.tree.sql(
                dialect="duckdb", unsupported_level=ErrorLevel.RAISE, comments=False
            )
        except UNREADABLE as error:
            raise SQLRefused(why=first_line(error)) from error


def read_query(*, sql: str, database: str) -> ReadQuery:
    """Parse and check exactly one SELECT. Raises SQLInvalid or SQLRefused."""
    tree = parsed(sql)
    if not isinstance(tree, exp.Query):
        raise SQLRefused(why="only one SELECT is run here, nothing that changes or configures.")
    return checked(tree=tree, database=database)


def parsed(sql: str, *, language: str = READ_DIALECT) -> exp.Expr:
    """The one statement in the text. Raises SQLInvalid."""
    if len(sql) > MAX_LENGTH or "\x00" in sql:
        raise _invalid(why="it is too long, or holds a NUL character.")
    try:
        statements = [tree for tree in parse(sql, read=language) if tree is not None]
    except UNREADABLE as error:
        raise _invalid(why=first_line(error)) from error
    statements = [tree for tree in statements if not isinstance(tree, exp.Semicolon)]
    if len(statements) != 1:
        raise _invalid(why="write one statement." if statements else "it is empty.")
    return statements[0]


def checked(*, tree: exp.Query, database: str) -> ReadQuery:
    """Refuse what does more than read, and give every table its database."""
    refuse_monsters(tree)
    mentions: Counter[str] = Counter()
    names = Counter(table.name.lower() for table in tree.find_all(exp.Table) if not table.db)
    for node in list(tree.walk()):
        if isinstance(node, FORBIDDEN_NODES):
            raise SQLRefused(why=f"{type(node).__name__.upper()} is not part of a SELECT here.")
        if isinstance(node, exp.Func):
            refuse_function(node)
        refuse_loose_words(node)
        if isinstance(node, exp.Identifier) and not WORD.fullmatch(node.name):
            node.set(arg_key="quoted", value=True)
        if isinstance(node, exp.Table):
            for table in _qualified(node, database):
                mentions[table] += _uses(node, names)
    _name_columns(tree)
    columns = {column.name.lower() for column in tree.find_all(exp.Column)}
    return ReadQuery(
        tree=tree,
        tables=tuple(mentions),
        mentions=tuple(mentions.items()),
        columns=tuple(sorted(columns)),
        reads_all_columns=tree.find(exp.Columns) is not None
        or any(_is_real_star(star) for star in tree.find_all(exp.Star)),
        parameters=tuple(
            dict.fromkeys(str(marker.name) for marker in tree.find_all(exp.Placeholder))
        ),
    )


def check_parameters(*, query: ReadQuery, parameters: Mapping[str, object]) -> None:
    """Parameters are written `:name`, and each needs a plain value."""
    if "" in query.parameters or "?" in query.parameters:
        raise SQLRefused(why="write parameters with a name, such as :from_date.")
    missing = sorted(set(query.parameters) ^ set(parameters))
    if missing:
        detail = f"The SQL and the parameters disagree about {', '.join(missing)}."
        raise SQLRefused(
            why=detail,
            errors=[FieldError(pointer="/parameters", code="parameters_differ", detail=detail)],
        )


def first_line(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply."
    if not isinstance(error, SqlglotError):
        return "a function in it has too few arguments, or of the wrong kind."
    text = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "")
    text = INNARDS.sub("something is missing", text)
    return text.split("\n", 1)[0].strip()


def _invalid(*, why: str) -> SQLInvalid:
    return SQLInvalid(
        why=why, errors=[FieldError(pointer="/sql", code=SQLInvalid.code, detail=why)]
    )


def refuse_monsters(tree: exp.Expr) -> None:
    for count, node in enumerate(tree.walk()):
        if count > MAX_NODES or node.depth > MAX_DEPTH:
            raise SQLRefused(why="it is nested too deeply or has too many parts.")


def refuse_function(node: exp.Func) -> None:
    if isinstance(node, FORBIDDEN_FUNCTIONS):
        raise SQLRefused(why=f"the function {node.sql_name().lower()} is not available here.")
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        name = str(node.name).lower()
        if name not in ALLOWED_FUNCTIONS:
            raise SQLRefused(why=f"the function {name} is not known here.")


def refuse_loose_words(node: exp.Expr) -> None:
    """Units of time and parameters are written without quotes, even where a text stood."""
    bare = exp.Var | exp.Placeholder
    loose = [node.args.get("unit"), node if isinstance(node, bare) else None]
    if isinstance(node, exp.Extract):
        loose.append(node.this)
    for word in loose:
        if isinstance(word, exp.Expr) and word.name and not WORD.fullmatch(word.name):
            why = "a unit of time or the name of a parameter is not a plain word."
            raise SQLRefused(why=why)


def _qualified(node: exp.Table, database: str) -> Iterator[str]:
    """Yield the full name of a table of the catalogue, having written it into the tree."""
    if isinstance(node.this, exp.Func):
        # A table function: checked as a function. Spark's range() names its column id.
        if node.this.name.lower() == "range" and not node.alias_column_names:
            name = exp.to_identifier(node.alias or "range")
            columns = [exp.to_identifier("id")]
            node.set("alias", exp.TableAlias(this=name, columns=columns))
        return
    if not isinstance(node.this, exp.Identifier) or node.catalog:
        raise SQLRefused(why="a table is named as table or database.table.")
    if not node.db:
        if node.name.lower() in visible_names(node):
            return
        node.set("db", exp.to_identifier(database, quoted=True))
    full_name = f"{node.db.lower()}.{node.name.lower()}"
    alias = node.alias_or_name
    node.set("db", exp.to_identifier(node.db.lower(), quoted=True))
    node.set("this", exp.to_identifier(node.name.lower(), quoted=True))
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    yield full_name


def _name_columns(tree: exp.Query) -> None:
    """Head each computed column as it was written, not as the engine's dialect writes it."""
    if not isinstance(tree, exp.Select):
        return
    for projection in tree.expressions:
        plain = isinstance(projection, exp.Alias | exp.Aliases | exp.Column | exp.Star)
        if plain or projection.find(exp.UDTF, exp.Explode, exp.Inline, exp.Columns) is not None:
            continue
        try:
            written = projection.sql(dialect=READ_DIALECT, comments=False)
        except UNREADABLE as error:
            raise _invalid(why=first_line(error)) from error
        named = exp.alias_(projection.copy(), written[:MAX_HEADING], quoted=True)
        projection.replace(named)


def _uses(node: exp.Expr, names: Counter[str]) -> int:
    """A table inside a WITH may be read as often as that name is used."""
    uses, above = 1, node.parent
    while above is not None:
        if isinstance(above, exp.CTE):
            uses = min(uses * max(names[above.alias.lower()], 1), MAX_USES)
        above = above.parent
    return uses


def visible_names(node: exp.Expr) -> set[str]:
    """The WITH names that the node can see: earlier ones, its own only where recursive."""
    names: set[str] = set()
    below, above = node, node.parent
    while above is not None:
        if isinstance(above, exp.With):
            every = above.expressions
            seen = every if above.recursive else every[: _position(every, below)]
            names.update(cte.alias.lower() for cte in seen)
        else:
            clause = above.args.get("with_")
            if isinstance(clause, exp.With) and clause is not below:
                names.update(cte.alias.lower() for cte in clause.expressions)
        below, above = above, above.parent
    return names


def _position(items: list[exp.Expr], wanted: exp.Expr) -> int:
    return next(index for index, item in enumerate(items) if item is wanted)


def _is_real_star(star: exp.Star) -> bool:
    return not isinstance(star.parent, exp.Count)

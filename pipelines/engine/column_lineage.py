"""Of which columns of tables each column of a query is made, and apart from that which columns filter and join its rows."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.optimizer import qualify
from sqlglot.optimizer.scope import Scope, build_scope

#: A column, by its table's name and its own.
Source = tuple[str, str]

#: A column that tells apart the branches of a union, and its value in those that count.
Tag = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a column is made of, and the columns that decide which rows it is made from."""

    values: frozenset[Source] = frozenset()
    filters: frozenset[Source] = frozenset()
    joins: frozenset[Source] = frozenset()

    def __or__(self, other: "Origin") -> "Origin":
        return Origin(self.values | other.values, self.filters | other.filters, self.joins | other.joins)


NOTHING = Origin()


@dataclass(slots=True)
class Query:
    """A query over tables and named queries. Of a column it says where it comes from."""

    scope: Scope
    known: dict[tuple[int, str, Tag], Origin] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, query: str, schema: Mapping[str, Mapping[str, Mapping[str, str]]], beside: Mapping[str, str]
    ) -> "Query":
        logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it passes over one select that stands for a value
        named = {name: sqlglot.parse_one(sql, dialect="duckdb") for name, sql in beside.items()}
        expanded = exp.expand(sqlglot.parse_one(query, dialect="duckdb"), named, dialect="duckdb")  # type: ignore[arg-type]
        qualified = qualify.qualify(
            expanded, dialect="duckdb", schema=dict(schema), validate_qualify_columns=False, identify=False
        )
        scope = build_scope(qualified)
        if scope is None:
            raise ValueError("This is no query.")
        return cls(scope)

    def column(self, name: str) -> Origin:
        return self._column(self.scope, name, None)

    def _column(self, scope: Scope, name: str, tag: Tag) -> Origin:
        key = (id(scope), name, tag)
        if key not in self.known:
            self.known[key] = NOTHING  # a recursive query comes by itself again
            self.known[key] = (
                self._of_union(scope, name, tag) if scope.set_operation_scopes else self._of_select(scope, name, tag)
            )
        return self.known[key]

    def _of_union(self, scope: Scope, name: str, tag: Tag) -> Origin:
        names = _query_of(scope).named_selects
        found = NOTHING
        for branch in scope.set_operation_scopes:
            projections = _query_of(branch).named_selects
            if name in projections:
                its_name = name
            elif name in names and not scope.expression.args.get("by_name"):
                its_name = projections[names.index(name)]
            else:
                continue
            if not self._is_other(scope, branch, tag):
                found |= self._column(branch, its_name, tag)
        return found

    def _is_other(self, scope: Scope, branch: Scope, tag: Tag) -> bool:
        """Whether the branch has another value in the column that tells the branches apart."""
        names = _query_of(scope).named_selects
        if tag is None or branch.set_operation_scopes or tag[0] not in names:
            return False
        literal = _query_of(branch).selects[names.index(tag[0])].unalias()
        return isinstance(literal, exp.Literal) and literal.name != tag[1]

    def _of_select(self, scope: Scope, name: str, tag: Tag) -> Origin:
        projection = next((each for each in _query_of(scope).selects if each.alias_or_name == name), None)
        if projection is None:
            return NOTHING
        found, used = NOTHING, {column.table for column in projection.find_all(exp.Column)}
        for column in projection.find_all(exp.Column):
            condition = column.find_ancestor(exp.Filter)
            is_condition = condition is not None and _is_within(column, condition.expression)
            origin = self._origin(scope, column, tag if condition is None else _tag_of(condition) or tag)
            found |= Origin(frozenset(), origin.values | origin.filters, origin.joins) if is_condition else origin
        filtered = projection.find(exp.Filter)
        return found | self._conditions(scope, used, (_tag_of(filtered) if filtered else None) or tag)

    def _conditions(self, scope: Scope, used: set[str], tag: Tag) -> Origin:
        """What decides which rows there are. A left join decides only what is taken from it."""
        select = scope.expression
        filters = [select.args.get(clause) for clause in ("where", "having", "qualify")]
        joins = [
            join.args.get("on")
            for join in select.args.get("joins") or ()
            if join.side != "LEFT" or join.alias_or_name in used
        ]
        return Origin(
            frozenset(),
            frozenset(each for part in filters for each in self._values(scope, part, tag)),
            frozenset(each for part in joins for each in self._values(scope, part, tag)),
        )

    def _values(self, scope: Scope, part: exp.Expr | None, tag: Tag) -> Iterator[Source]:
        for column in part.find_all(exp.Column) if part is not None else ():
            # `using` compares with the first of the tables that have the column.
            if not isinstance(column.parent, exp.Coalesce) or column.arg_key == "this":
                yield from self._origin(scope, column, tag).values

    def _origin(self, scope: Scope, column: exp.Column, tag: Tag) -> Origin:
        source = scope.sources.get(column.table)
        if isinstance(source, Scope):
            return self._column(source, column.name, tag)
        if isinstance(source, exp.Table) and source.db:
            return Origin(frozenset({(f"{source.db}/{source.name}", column.name)}))
        return NOTHING


def _query_of(scope: Scope) -> exp.Query:
    query = scope.expression
    assert isinstance(query, exp.Query)
    return query


def _is_within(column: exp.Expr, part: exp.Expr | None) -> bool:
    above: exp.Expr | None = column
    while above is not None and above is not part:
        above = above.parent
    return above is not None


def _tag_of(condition: exp.Filter) -> Tag:
    """The `name = 'value'` that an aggregate is filtered by."""
    for equal in condition.expression.find_all(exp.EQ):
        if isinstance(equal.left, exp.Column) and isinstance(equal.right, exp.Literal):
            return equal.left.name, equal.right.name
    return None

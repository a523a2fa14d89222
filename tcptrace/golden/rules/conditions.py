"""A rule's tree made into what is asked of a connection: does it hold, and what is the fact that says so."""

from collections.abc import Callable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple, cast

from lark import Token, Tree

from tcptrace.golden.rules import residence
from tcptrace.golden.rules.fields import FIELDS, FINDINGS, NONE, SEVERITIES, Field
from tcptrace.golden.rules.language import RuleError, at_column
from tcptrace.golden.steps import seconds
from tcptrace.model.records import Connection, Finding
from tcptrace.model.units import NS

UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
UNITS_OCTETS = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
Node = Any  # lark's trees hold trees, tokens and None


class Answer(NamedTuple):
    """Whether a condition holds of a connection, and by which fact."""

    holds: bool
    fact: str


# Takes a connection and the capture's end in nanoseconds since the epoch.
Condition = Callable[[Connection, int], Answer]


class Maker:
    """Makes conditions of the trees of one rule; knows its text for the places of errors."""

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where

    def wrong(self, token: Token, message: str) -> RuleError:
        """Return an error at a token."""
        return at_column(self.text, self.where, token.start_pos or 0, message)

    def condition(self, node: Node) -> Condition:
        """Return what a tree asks."""
        make: Callable[..., Condition] = getattr(self, f"_{node.data}")
        return make(*node.children)

    def _any_of(self, *parts: Node) -> Condition:
        return self._joined(parts, True)

    def _all_of(self, *parts: Node) -> Condition:
        return self._joined(parts, False)

    def _joined(self, parts: tuple[Node, ...], settling: bool) -> Condition:
        """Return ``or`` (``settling`` is what one part decides the whole by) or ``and``."""
        conditions = [self.condition(part) for part in parts if isinstance(part, Tree)]
        if len(conditions) == 1:
            return conditions[0]

        def ask(connection: Connection, end_ns: int) -> Answer:
            facts = []
            for condition in conditions:
                answer = condition(connection, end_ns)
                if answer.holds == settling:
                    return answer
                facts.append(answer.fact)
            return Answer(not settling, " and ".join(facts))

        return ask

    def _negated(self, _: Token, part: Node) -> Condition:
        condition = self.condition(part)

        def ask(connection: Connection, end_ns: int) -> Answer:
            answer = condition(connection, end_ns)
            return Answer(not answer.holds, answer.fact)

        return ask

    def _comparison(self, name: Token, operator: Token, value: Node) -> Condition:
        field = self.field(name)
        if field.kind in ("word", "text") and operator not in ("==", "!="):
            raise self.wrong(operator, f"expected == or != after {name}, which is no number; got {operator}")
        wanted = self.value(name, field, value)
        return partial(_compare, str(name), field, str(operator), wanted)

    def _membership(self, name: Token, _: Token, *values: Node) -> Condition:
        field = self.field(name)
        wanted = [self.value(name, field, value) for value in values]

        def ask(connection: Connection, end_ns: int) -> Answer:
            answers = [_compare(str(name), field, "==", value, connection, end_ns) for value in wanted]
            return Answer(any(answer.holds for answer in answers), answers[0].fact)

        return ask

    def _has_finding(self, *words: Node) -> Condition:
        return self._found(words[-1], True)

    def _no_finding(self, *words: Node) -> Condition:
        return self._found(words[-1], False)

    def _found(self, which: Node, wanted: bool) -> Condition:
        """Return whether there is a finding, of a code or at least as severe."""
        severe, code, words = 0, "", ""
        if which is not None:
            token = which.children[-1]
            words = " ".join(which.children)
            if len(which.children) == 2:
                if which.children[0] != ">=":
                    raise self.wrong(
                        which.children[0], f"expected >= or a code after finding; got {which.children[0]}"
                    )
                if token not in SEVERITIES:
                    raise self.wrong(token, f"expected {', '.join(SEVERITIES)}; got {token}")
                severe = SEVERITIES.index(token)
            elif token not in FINDINGS:
                raise self.wrong(token, f"there is no finding {token}{_hint(token, FINDINGS)}")
            else:
                code = str(token)

        def meant(finding: Finding) -> bool:
            return SEVERITIES.index(finding.severity) >= severe and code in ("", finding.code)

        def ask(connection: Connection, _: int) -> Answer:
            found = [finding for finding in connection.findings if meant(finding)]
            if not found:
                return Answer(not wanted, f"there is no finding {words}".rstrip())
            first = found[0]
            side = f" of the {first.side}" if first.side else ""
            also = f", the first of {len(found)}" if len(found) > 1 else ""
            return Answer(
                wanted, f"{first.severity} {first.code}{side} at frame {first.frame}{also}: {first.detail}"
            )

        return ask

    def _passed(self, side: Token | None, _: Token, state: Token) -> Condition:
        def ask(connection: Connection, end_ns: int) -> Answer:
            for stay in residence.stays(connection, end_ns):
                if stay.state == state and side in (None, stay.side):
                    return Answer(True, f"the {stay.side} {stay.entered()}")
            return Answer(False, f"{_who(side)} passed {state}")

        return ask

    def _never(self, side: Token | None, *words: Node) -> Condition:
        state, _, number, unit = words[2:]
        limit_ns = -1
        if number is not None:
            limit_ns = round(self.amount(number, unit, UNITS_S, "seconds") * NS)

        def ask(connection: Connection, end_ns: int) -> Answer:
            for stay in residence.stays(connection, end_ns):
                if stay.state == state and side in (None, stay.side) and stay.length_ns > limit_ns:
                    return Answer(False, f"the {stay.side} {stay.told()}")
            longer = "" if limit_ns < 0 else f" for more than {seconds(limit_ns)} s"
            return Answer(True, f"{_who(side)} was in {state}{longer}")

        return ask

    def field(self, name: Token) -> Field:
        """Return a field; one that there is not is an error with the nearest names."""
        if name not in FIELDS:
            known = [field for field in FIELDS if not field.startswith("findings.")]
            parts = [field for field in FIELDS if field.startswith(f"{name}.")]
            hint = f"; there are {', '.join(parts)}" if parts else _hint(name, known, all_of_them=True)
            raise self.wrong(name, f"there is no field {name}{hint}")
        return FIELDS[name]

    def value(self, name: Token, field: Field, node: Node) -> Any:
        """Return what a field is compared with, in its own kind; ``None`` for ``none``."""
        if isinstance(node, Tree):
            number, unit = cast("tuple[Token, Token | None]", node.children)
            if field.kind == "count":
                return self.amount(number, unit, UNITS_OCTETS if "bytes" in name else {}, name)
            if field.kind == "seconds":
                return self.amount(number, unit, UNITS_S, name)
            if field.kind == "text":
                return f"{number}{unit or ''}"
            raise self.wrong(number, f"expected {_listed(field.words)}; got {number}")
        if node == NONE:
            return None
        text = str(node)[1:-1] if node.type == "STRING" else str(node)
        if field.kind in ("count", "seconds"):
            raise self.wrong(node, f"expected a number; got {node}")
        if field.words and text not in field.words:
            raise self.wrong(node, f"expected {_listed((*field.words, NONE))}; got {node}")
        return text

    def amount(self, number: Token, unit: Token | None, units: dict[str, float], what: str) -> float:
        """Return a number in its unit's base."""
        if unit is None:
            return float(number)
        if unit not in units:
            expected = f"a unit of {', '.join(units)}" if units else f"no unit after {what}"
            raise self.wrong(unit, f"expected {expected}; got {unit}")
        return float(number) * units[unit]


def _compare(name: str, field: Field, operator: str, wanted: Any, connection: Connection, _: int) -> Answer:
    """Compare one field; what is not known equals ``none`` and nothing else, and is never more or less."""
    got = field.get(connection)
    if got is None:
        known = f"{name} is none"
        return Answer((wanted is None) == (operator == "==") if operator in ("==", "!=") else False, known)
    fact = f"{name} is {got:g}" if isinstance(got, float) else f"{name} is {got}"
    if wanted is None:
        return Answer(operator == "!=", fact)
    if field.kind == "text":
        same = fnmatchcase(str(got), wanted)
        return Answer(same == (operator == "=="), fact)
    holds = {
        "==": got == wanted,
        "!=": got != wanted,
    }
    if operator not in holds:
        holds = {"<": got < wanted, "<=": got <= wanted, ">": got > wanted, ">=": got >= wanted}
    return Answer(holds[operator], fact)


def _who(side: Token | None) -> str:
    """Return whom a negative fact is about."""
    return f"no {side}" if side else "neither end"


def _hint(word: str, known: tuple[str, ...] | list[str], all_of_them: bool = False) -> str:
    """Return the names that may have been meant."""
    near = get_close_matches(word, known, 3)
    if near:
        return f"; perhaps {' or '.join(near)}"
    return f"; there are {', '.join(known)}" if all_of_them else "; `tcptrace assert --help` names them"


def _listed(words: tuple[str, ...]) -> str:
    """Return the words that can be."""
    return f"one of {', '.join(words)}"

"""Rules: which connections one is about, and what of them must hold."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from lark import Token, Tree

from tcptrace.golden import patterns
from tcptrace.golden.rules.conditions import Answer, Condition, Maker
from tcptrace.golden.rules.language import RuleError, parse
from tcptrace.model.errors import InputError
from tcptrace.model.records import Connection
from tcptrace.show.words import client, server

VERSION = 1
MAX_TOLD = 10  # connections that are named for one rule; the rest is counted


class Rule(NamedTuple):
    """A rule that has been read."""

    name: str
    text: str
    quantifier: str  # "every", "some" or "no"
    scope: tuple[Condition, ...]  # all must hold for a connection to be meant
    condition: Condition

    def is_about(self, connection: Connection, end_ns: int) -> bool:
        """Say whether a connection is meant."""
        return all(condition(connection, end_ns).holds for condition in self.scope)


class Breach(NamedTuple):
    """A connection that breaks a rule, and the fact."""

    stream: int
    ends: str
    fact: str


class Count:
    """How a rule fares, connection by connection."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.about = 0  # connections that it is about
        self.held = 0  # those for which its condition holds
        self.breaches: list[Breach] = []  # the first of them
        self.broken = 0  # how many break it

    def add(self, connection: Connection, end_ns: int) -> None:
        """Look at one more connection."""
        if not self.rule.is_about(connection, end_ns):
            return
        self.about += 1
        answer = self.rule.condition(connection, end_ns)
        self.held += answer.holds
        if self.rule.quantifier != "some" and answer.holds == (self.rule.quantifier == "no"):
            self.broken += 1
            if len(self.breaches) < MAX_TOLD:
                ends = f"{client(connection)} to {server(connection)}"
                self.breaches.append(Breach(connection.stream, ends, answer.fact))

    @property
    def holds(self) -> bool:
        """Whether the rule holds, all connections seen; ``some stream`` asks for one at least."""
        return self.held > 0 if self.rule.quantifier == "some" else self.broken == 0


def read(text: str, name: str = "", where: str = "rule") -> Rule:
    """Return the rule that a text is; raises ``RuleError`` with the place of what is wrong."""
    tree = parse(text, where)
    maker = Maker(text, where)
    scope, condition = tree.children
    quantifier, selectors = "every", []
    try:
        if isinstance(scope, Tree):
            head, *rest = (child for child in scope.children if isinstance(child, Tree))
            quantifier = str(head.children[0]).lower()
            selectors = [_selector(part, maker) for part in rest]
        return Rule(name or text, text, quantifier, tuple(selectors), maker.condition(condition))
    except RecursionError:
        raise RuleError(f"{where}: nested too deep; write it in parts") from None


def _selector(part: Tree[Token], maker: Maker) -> Condition:
    """Return ``to``, ``from`` or ``where`` as a condition."""
    if part.data == "where":
        return maker.condition(part.children[1])
    side = "server" if part.data == "to_end" else "client"
    token: Any = part.children[1]
    text = f"*{token}" if token.startswith(":") else str(token)
    if text.endswith("]") or ":" not in text:  # an address alone
        text += ":*"
    try:
        end = patterns.end(text, {})
    except ValueError as error:
        raise maker.wrong(token, f"{error}") from None
    return lambda connection, _: Answer(end.matches(getattr(connection, side)), "")


def load(path: Path) -> list[Rule]:
    """Return the rules of a TOML file: ``version = 1`` and a table ``[rules]`` of names and texts.

    Raises ``InputError`` for a file that cannot be read, ``RuleError`` for a rule that cannot.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name a file of rules") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at octet {error.start}; TOML is") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: no TOML: {error}") from None
    version, rules = table.pop("version", None), table.pop("rules", None)
    if type(version) is not int or version != VERSION:
        raise InputError(
            f"{path}: version {version!r} is not known; begin the file with `version = {VERSION}`"
        )
    if not isinstance(rules, dict) or not rules or not all(isinstance(text, str) for text in rules.values()):
        raise InputError(
            f'{path}: no rules; write a table [rules] with lines like "a name" = "outcome == closed"'
        )
    if table:
        raise InputError(f"{path}: unknown key {next(iter(table))!r}; there are version and rules")
    return [read(text, name, f"{path}: {name}") for name, text in rules.items()]


def selector(texts: Iterable[str], where: str) -> Callable[[Connection, int], bool]:
    """Return what says whether a connection is meant by all the rules and they hold of it.

    Raises ``RuleError`` where one cannot be read, or is about more than one connection.
    """
    rules = [read(text, where=where) for text in texts]
    for rule in rules:
        if rule.quantifier != "every":
            raise RuleError(f"{where}: `{rule.text}` is about all connections together; it can choose none")
    return lambda connection, end_ns: all(
        rule.is_about(connection, end_ns) and rule.condition(connection, end_ns).holds for rule in rules
    )

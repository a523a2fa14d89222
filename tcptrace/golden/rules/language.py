"""The grammar of rules, and errors that say where and what would be right.

::

    every stream to :8080: outcome == closed and closed_first == client
    no finding >= warning
    never in CLOSE-WAIT > 1 s
    some stream from 10.* where application == http: handshake_s < 0.2

A rule is a condition, with or without a scope before a colon: ``every``, ``some`` or ``no stream``, ``to`` a server,
``from`` a client, ``where`` a condition. Without a scope it is about every stream. ``ABOUT`` tells the whole.
"""

from functools import cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import LarkError

from tcptrace.model.errors import UsageError
from tcptrace.model.states import STATE_NAMES

ABOUT = """
every stream, some stream, no stream       SCOPE: all of them (without a scope, too), at least one, none
  to END, from END, where CONDITION        ... to a server, from a client: 10.0.0.*:80, :443, [2001:db8::/32]
FIELD == VALUE, with != < <= > >=, too     outcome == closed, handshake_s < 200 ms, server.ip == 10.*
FIELD in (VALUE, VALUE)                    outcome in (closed, half-closed)
[client|server] never in STATE [> TIME]    neither end is ever in it (for longer than that)
[client|server] passed STATE               either end goes through it
[no] finding [CODE | >= SEVERITY]          no finding retransmission, no finding >= warning
not C, C and C, C or C, (C)
"""

GRAMMAR = r"""
rule: [scope ":"] condition
scope: quantifier "stream"i selector*
quantifier: EVERY | SOME | NO
?selector: TO END -> to_end
         | FROM END -> from_end
         | WHERE condition -> where

?condition: conjunction (OR conjunction)* -> any_of
?conjunction: negation (AND negation)* -> all_of
?negation: NOT negation -> negated
         | "(" condition ")"
         | FIELD OP value -> comparison
         | FIELD IN "(" value ("," value)* ")" -> membership
         | NO FINDING [which] -> no_finding
         | FINDING [which] -> has_finding
         | [SIDE] NEVER IN STATE [MORE NUMBER [UNIT]] -> never
         | [SIDE] PASSED STATE -> passed
which: OP WORD | WORD
?value: WORD | SIDE | STATE | STRING | number
number: NUMBER [UNIT]
"""
_END = r"(?![-\w.])"  # where a word ends
_KEYWORDS = (
    "every",
    "some",
    "no",
    "to",
    "from",
    "where",
    "or",
    "and",
    "not",
    "in",
    "finding",
    "never",
    "passed",
)
_STATES = "|".join(STATE_NAMES)
TERMINALS = "\n".join(
    [
        *(f"{word.upper()}.5: /{word}{_END}/i" for word in _KEYWORDS),
        f"SIDE.4: /(?:client|server){_END}/",
        f"STATE.4: /(?:{_STATES}){_END}/",
        rf"UNIT.4: /(?:ns|us|µs|ms|s|min|h|kB|MB|GB|B){_END}/",
        r"OP: /[=!<>]=|[<>]/",
        'MORE.1: ">"',
        r"END: /(?:\[[^\]\s]+\]|[0-9A-Za-z.*\/_-]+)(?::(?:\d+(?:-\d+)?|\*))?|:(?:\d+(?:-\d+)?|\*)/",
        r"NUMBER.2: /\d+(?:\.\d+)?(?![-\w.])|\d+(?:\.\d+)?(?=(?:ns|us|µs|ms|s|min|h|kB|MB|GB|B)(?![-\w.]))/",
        r"FIELD: /[a-z][a-z_]*(?:\.[a-z_0-9]+)*/",
        r"WORD: /[0-9A-Za-z_*](?:[0-9A-Za-z_.*:\/-]*[0-9A-Za-z_.*\/-])?/",  # the colon at its end is the scope's
        r"STRING.3: /'[^']*'|\"[^\"]*\"/",
        r"WS: /\s+/",
        "%ignore WS",
    ]
)
# What each terminal is called where it was expected.
NAMES = {
    "EVERY": "every",
    "SOME": "some",
    "NO": "no",
    "TO": "to",
    "FROM": "from",
    "WHERE": "where",
    "OR": "or",
    "AND": "and",
    "NOT": "not",
    "IN": "in",
    "FINDING": "finding",
    "NEVER": "never",
    "PASSED": "passed",
    "SIDE": "client or server",
    "STATE": "a state (e.g. CLOSE-WAIT)",
    "UNIT": "a unit (e.g. s, ms)",
    "OP": "== != < <= > >=",
    "MORE": ">",
    "END": "an end (e.g. :80, 10.0.0.*, [2001:db8::1]:443)",
    "NUMBER": "a number",
    "FIELD": "a field (e.g. outcome)",
    "WORD": "a word",
    "STRING": "a string",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "COLON": ":",
    "STREAM": "stream",
    "$END": "the end",
}


@cache
def parser() -> Lark:
    """Return the parser, made once."""
    return Lark(f"{GRAMMAR}\n{TERMINALS}", start="rule", parser="lalr", maybe_placeholders=True)


class RuleError(UsageError):
    """A rule that cannot be understood; the message has its place in the rule."""


def parse(text: str, where: str) -> Tree[Token]:
    """Return a rule's tree; raises ``RuleError`` with the column and the words that were expected there."""
    try:
        return parser().parse(text)
    except UnexpectedToken as error:
        raise _wrong(text, where, error, error.accepts) from None
    except UnexpectedCharacters as error:
        raise _wrong(text, where, error, error.allowed) from None
    except LarkError as error:
        raise RuleError(f"{where}: {' '.join(str(error).split())}") from None


def _wrong(text: str, where: str, error: UnexpectedInput, expected: Any) -> RuleError:
    """Return the error of what stands where something else should."""
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    place = len(text) if ended else error.pos_in_stream or 0
    order = list(NAMES)
    names = sorted(set(expected), key=lambda name: order.index(name) if name in order else len(order))
    words = ", ".join(NAMES.get(name, name) for name in names)
    found = repr(text[place:].split(maxsplit=1)[0]) if text[place:].strip() else "nothing"
    return at_column(text, where, place, f"expected {words}; got {found}")


def at_column(text: str, where: str, place: int, message: str) -> RuleError:
    """Return an error at a place of a rule, with the rule in it."""
    return RuleError(f"{where}: column {place + 1} of `{text}`: {message}")

"""HTML from text: everything that comes from outside goes through ``text`` or ``attribute``."""

import html
import json
import re
from typing import Any

from tcptrace.show.text import escape
from tcptrace.show.theme import DRAWN, INK, PAGE, STATES

_STRIPPED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>\s|<metadata>.*?</metadata>", re.DOTALL)
_ID = re.compile(r'(\bid="|url\(#|xlink:href="#|href="#)')
# What keeps its colour on a dark page: hatching, and what ``Pen.kept`` names.
_KEPT = re.compile(r'(<defs>.*?</defs>|<g id="kept-\d+">.*?</g>)', re.DOTALL)
_COLOUR = re.compile(r"\b(fill|stroke): (#[0-9a-f]{6})\b")
_VARIABLES = {day.lower(): f"var(--drawn-{name})" for name, (day, _) in DRAWN.items()}


def text(said: object) -> str:
    """Return a text as it stands in HTML: nothing in it is markup, and nothing invisible is left."""
    return html.escape(escape(str(said)), quote=True)


def chip(state: str) -> str:
    """Return a state's chip."""
    return f'<span class="chip s-{state.lower()}">{text(state)}</span>'


def colour_styles() -> str:
    """Return the theme's colours as CSS: variables by day and by night, and the chips'."""
    day, night = (
        ";".join(f"--{name}:{colour}" for name, colour in PAGE[when].items()) for when in ("day", "night")
    )
    variables = f":root{{{day}}}@media screen and (prefers-color-scheme:dark){{:root{{{night}}}}}"
    return variables + "".join(
        f".s-{name.lower()}{{background:{colour.fill};color:{colour.text}}}"
        for name, colour in STATES.items()
    )


def table(
    caption: str, heads: list[str], rows: list[list[str]], *, rows_attributes: list[str] | None = None
) -> str:
    """Return a table; ``heads`` are text, the cells of ``rows`` are HTML."""
    attributes = rows_attributes or [""] * len(rows)
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in heads)
    body = "".join(
        f"<tr{more}>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
        for row, more in zip(rows, attributes, strict=True)
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption)}"><table><caption>{text(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def inline_svg(octets: bytes, prefix: str, role: str, label: str) -> str:
    """Return an SVG file as an element of a page; its ids get ``prefix``, so that they are the page's only ones.

    Its colours become the page's, which by night are others; a state's fill and name keep theirs, and only the fill's
    edge follows.
    """
    body = _STRIPPED.sub("", octets.decode()).strip()
    parts = _KEPT.split(body)
    parts[0::2] = [_COLOUR.sub(_by_variable, part) for part in parts[0::2]]
    parts[1::2] = [
        part
        if part.startswith("<defs>")
        else part.replace(f"stroke: {INK.lower()}", "stroke: var(--drawn-ink)")
        for part in parts[1::2]
    ]
    body = "".join(parts)
    body = _ID.sub(lambda match: f"{match[1]}{prefix}", body)
    return body.replace("<svg ", f'<svg class="picture" role="{role}" aria-label="{text(label)}" ', 1)


def _by_variable(match: re.Match[str]) -> str:
    """Return a colour as the page's variable for it; what the theme does not draw pictures in stays."""
    return f"{match[1]}: {_VARIABLES.get(match[2], match[2])}"


def script_data(value: Any) -> str:
    """Return a value as JSON that stands in a script element: no ``<`` could end it or open another."""
    plain = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

"""Layers as lines of text: a heading each, then name, value and meaning in columns."""

from collections.abc import Iterator

from tcptrace.show.ladder_layout import fit
from tcptrace.show.layers_model import Layer, Line


def layer_lines(layers: list[Layer], width: int = 80) -> Iterator[Line]:
    """Yield the layers as lines: a heading each, then name, value and meaning in columns."""
    name_column, value_column = 18, 26
    for layer in layers:
        heading = f"{layer.level}: "
        for text in fit(layer.name.split(" "), " ", max(width - len(heading), 16)):
            yield [(heading, "muted"), (text, "strong")]
            heading = " " * len(heading)
        for field in layer.fields:
            left = name_column + 2
            meaning_at = left + value_column
            room = max(width - left, 16)
            values = fit(field.value.split(" "), " ", room) or [""]
            first: Line = [(f"  {field.name:<{name_column}}"[: left - 1] + " ", "muted"), (values[0], "")]
            if len(values) == 1 and len(values[0]) < value_column and width - meaning_at >= 16:
                meanings = fit(field.meaning.split(" "), " ", width - meaning_at) if field.meaning else []
                if meanings:
                    first.append((" " * (value_column - len(values[0])) + meanings[0], "muted"))
                yield first
                for text in meanings[1:]:
                    yield [(" " * meaning_at, ""), (text, "muted")]
                continue
            yield first
            for text in values[1:]:
                yield [(" " * left, ""), (text, "")]
            if field.meaning:
                for text in fit(field.meaning.split(" "), " ", room):
                    yield [(" " * left, ""), (text, "muted")]
        if layer.note:
            for text in fit(layer.note.split(" "), " ", max(width - 2, 16)):
                yield [("  ", ""), (text, "note")]

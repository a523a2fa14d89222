"""The commonest command lines, understood without the command line's library: its import is a fifth of the start-up.

What is not understood here is left to ``cli.app``, which has the options, their help and their errors in one place;
a test holds the two to the same request.
"""

from collections.abc import Sequence

from tcptrace.cli.inputs import split_words
from tcptrace.cli.request import Request, make_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Options of ``tcptrace analyze`` that take no value, by the names that ``cli.analyze`` gives them.
FLAGS = {
    "--json": "is_json",
    "--csv": "is_csv",
    "--long": "is_long",
    "--summary": "is_summary",
    "--frames": "has_frames",
    "--all": "show_all",
    "--utc": "utc",
    "-n": "n",
}


def understand(args: Sequence[str]) -> Request | None:
    """Return what ``analyze`` with these arguments is asked for, ``None`` where there are options beside ``FLAGS``.

    Raises ``UsageError`` as ``analyze`` does.
    """
    options: dict[str, Any] = {}
    words = []
    for word in args:
        if word in FLAGS:
            options[FLAGS[word]] = True
        elif word.startswith("-") and word != "-":
            return None
        else:
            words.append(word)
    return make_request(*split_words(words, ()), options)

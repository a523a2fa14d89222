"""A state of RFC 9293 on the command line."""

from typing import TYPE_CHECKING

import click

from tcptrace.model.states import STATE_NAMES

# Names that people know from netstat and ss.
_ALIASES = {"SYN-RCVD": "SYN-RECEIVED", "SYN-RECV": "SYN-RECEIVED", "ESTAB": "ESTABLISHED"}


if TYPE_CHECKING:
    _ParamType = click.ParamType[str]
else:  # generic only since click 8.3
    _ParamType = click.ParamType


class StateName(_ParamType):
    """A state in RFC 9293's words; case does not matter, and ``_`` may stand for ``-``."""

    name = "state"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the state as the contract writes it."""
        name = value.upper().replace("_", "-")
        # Also FIN-WAIT1 and FINWAIT2, as other tools print them.
        name = (
            name.replace("FINWAIT", "FIN-WAIT-")
            .replace("FIN-WAIT1", "FIN-WAIT-1")
            .replace("FIN-WAIT2", "FIN-WAIT-2")
        )
        name = _ALIASES.get(name.replace("--", "-"), name.replace("--", "-"))
        if name not in STATE_NAMES:
            self.fail(f"{value!r} is no state; the states are {' '.join(STATE_NAMES)}", param, ctx)
        return name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list["click.shell_completion.CompletionItem"]:
        """Return the states that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in STATE_NAMES if name.startswith(incomplete.upper())]

"""The table of commands."""

import os
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, cast

import click

from tcptrace.cli.command_line import COMPLETION, INTERRUPTED
from tcptrace.cli.terminal import complain
from tcptrace.model.errors import UsageError
from tcptrace.version import VERSION


class Row(NamedTuple):
    """Where a command is, so that `--help` and `--version` need not import it."""

    module: str
    function: str  # a click command in that module
    help: str  # one line


COMMANDS = {
    "demo": Row("tcptrace.cli.demo", "demo", "Serve, talk, capture and draw a ladder, in one command."),
    "analyze": Row(
        "tcptrace.cli.analyze", "analyze", "Say in which state each connection of a capture was left."
    ),
    "show": Row("tcptrace.cli.show", "show", "Draw or explain one connection, or one frame layer by layer."),
    "findings": Row(
        "tcptrace.cli.findings", "findings", "Say what went wrong: in the capture, then in each connection."
    ),
    "summary": Row(
        "tcptrace.cli.summary", "summary", "Say how a capture goes as a whole, with streams to look at."
    ),
    "explain": Row(
        "tcptrace.cli.explain", "explain", "Say what a finding's code means and what to look at next."
    ),
    "check": Row("tcptrace.cli.check", "check", "Compare captures with the expectations beside them."),
    "diff": Row("tcptrace.cli.diff", "diff", "Compare two captures connection by connection."),
    "assert": Row("tcptrace.cli.assert_", "assert_", "Test rules on every connection of a capture."),
    "serve": Row("tcptrace.cli.serve", "serve", "Run the test server, in one of several styles."),
    "client": Row("tcptrace.cli.serve", "client", "Talk to the test server."),
    "capture": Row(
        "tcptrace.cli.capture", "capture", "Capture on an interface, and say what `analyze` says of a file."
    ),
    "report": Row("tcptrace.cli.report", "report", "Write one HTML page about a capture, which can be sent."),
    "plot": Row("tcptrace.cli.plot", "plot", "Draw a connection, or all of them, as PNG, SVG or PDF."),
    "extract": Row(
        "tcptrace.cli.extract", "extract", "Write some connections, or what a filter keeps, as pcapng."
    ),
    "run": Row(
        "tcptrace.cli.private", "run", "Run a command in a private network, and capture it. Needs no root."
    ),
    "sockets": Row(
        "tcptrace.cli.sockets", "sockets", "Show the kernel's sockets, beside a capture's states of the same."
    ),
    "doctor": Row(
        "tcptrace.cli.doctor", "doctor", "Say what works on this machine, and what to do about the rest."
    ),
    "lab": Row("tcptrace.cli.lab", "lab", "Play what TCP can do with real sockets, and record it."),
    "help": Row(
        "tcptrace.cli.help", "help_", "Print a page about expectations, rules, pytest, verifying or CI."
    ),
    "schema": Row("tcptrace.cli.schema", "schema", "Print the JSON Schema of what --json writes."),
}


class Commands(click.Group):
    """A group that imports a command when it is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        row = COMMANDS.get(cmd_name)
        return None if row is None else cast(click.Command, getattr(import_module(row.module), row.function))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, with a hint for those who name a file where the command belongs."""
        if args and args[0] not in COMMANDS and not args[0].startswith("--"):
            is_file = os.path.exists(args[0]) or args[0] == "-"
            remedy = f"write `tcptrace analyze {args[0]}`" if is_file else f"there are {', '.join(COMMANDS)}"
            raise UsageError(f"{args[0]}: no such command; {remedy}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in COMMANDS.items()])


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and which form of the kernels runs."""
    if wanted and not ctx.resilient_parsing:
        from tcptrace import kernels

        form = "compiled" if kernels.describe() == "compiled" else "plain Python"
        click.echo(f"tcptrace {VERSION} ({form} kernels)")
        ctx.exit()


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="tcptrace COMMAND --help says more.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def tcptrace() -> None:
    """Say in which RFC 9293 state each end of each TCP connection was, at every frame, why, and how sure.

    Captures are pcap, pcapng or tcpdump's printed text, packed or not; - is standard input.
    """


def invoke(args: Sequence[str]) -> int:
    """Run one command line and return the exit status; what click finds wrong with it is told in our words."""
    if COMPLETION in os.environ:
        tcptrace.main(args=list(args), prog_name="tcptrace")  # a shell asks what may come next; exits
    try:
        # Not by `main()`: it makes an exit status of its own of a broken pipe, and prints at an interrupt.
        with tcptrace.make_context("tcptrace", list(args) or ["--help"]) as context:
            tcptrace.invoke(context)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "tcptrace"
        complain(f"{_reason(error)}; see `{command} --help`")
        return error.exit_code
    return 0


def _reason(error: click.ClickException) -> str:
    """Return what click found wrong in our words: where, then what."""
    if isinstance(error, click.NoSuchOption):
        meant = f", perhaps {' or '.join(error.possibilities)}" if error.possibilities else ""
        return f"{error.option_name}: no such option{meant}"
    message = " ".join(error.format_message().split()).rstrip(".")  # click sets a list of choices with tabs
    if isinstance(error, click.BadParameter) and error.param is not None and message.startswith("Invalid"):
        return f"{error.param.opts[0]}: {error.message.rstrip('.')}"
    return message[:1].lower() + message[1:]

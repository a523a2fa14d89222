"""``tcptrace assert FILE [RULES.toml] [--rule RULE]``: rules that every connection must keep."""

from typing import Any

import click

from tcptrace.cli import shared
from tcptrace.cli.request import understand_msl
from tcptrace.model.errors import UsageError


class _Help(click.Command):
    """A command whose help has the language, loaded only when it is asked for."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the language, then the statuses."""
        from tcptrace.golden.rules.fields import FIELDS
        from tcptrace.golden.rules.language import ABOUT

        with formatter.section("A rule is [SCOPE:] CONDITION"):
            for line in ABOUT.strip("\n").split("\n"):
                formatter.write(f"  {line}\n" if line else "\n")
        with formatter.section("Fields"):
            formatter.write_text(", ".join(FIELDS))
        super().format_epilog(ctx, formatter)


@click.command(
    name="assert",
    cls=_Help,
    epilog="Exit status: 0 all rules hold, 1 one is broken, 2 one cannot be read, 3 a file cannot be read.",
)
@click.argument("path", type=click.Path(), metavar="FILE|-")
@click.argument("rules", type=click.Path(), required=False, metavar="[RULES.toml]")
@click.option("--rule", "texts", multiple=True, metavar="RULE", help="A rule; may be given again.")
@click.option("--json", "is_json", is_flag=True, help="JSON Lines: an object a rule.")
@shared.MSL
@shared.STACK
def assert_(path: str, rules: str | None, texts: tuple[str, ...], **options: Any) -> None:
    """Test rules on every connection of a capture.

    RULES.toml has `version = 1` and a table [rules] of lines like "a name" = "outcome == closed".
    """
    if rules is None and not texts:
        raise UsageError("RULES.toml: missing; name a file of rules, or write --rule RULE")
    value, _ = understand_msl(options["msl_s"], options["stack"])
    from tcptrace.cli.run_assert import run

    status = run(path, rules, texts, options["is_json"], value)
    if status:
        raise click.exceptions.Exit(status)

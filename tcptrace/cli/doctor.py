"""``tcptrace doctor``: what works on this machine, and what to do about the rest."""

import click


@click.command()
def doctor() -> None:
    """Say what works here: capturing, private networks, filters, compiled code, optional parts.

    A line each, and what to do where something is missing. Nothing of it is needed to read captures. Exit status 0.
    """
    from tcptrace.cli.run_doctor import run

    run()

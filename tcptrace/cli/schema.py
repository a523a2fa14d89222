"""``tcptrace schema``: the JSON Schema that ``--json`` keeps to."""

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema (2020-12) of one line that --json writes."""
    from tcptrace.show import schema as published

    click.echo(published.text(), nl=False)

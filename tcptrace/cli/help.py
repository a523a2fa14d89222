"""``tcptrace help [TOPIC]``: the short pages that come with the package."""

from importlib.resources import files

import click

from tcptrace.model.errors import UsageError

# A page is a file in tcptrace/docs, and a row here.
PAGES = {
    "expectations": "the files that `tcptrace check` compares with",
    "rules": "the language of `tcptrace assert` and `analyze --where`",
    "pytest": "the fixture, the marker and the goldens of the pytest plugin",
    "verify": "the kernel as a witness: `--verify`, `--kernel-log`, and what neither can see",
    "ci": "GitHub Actions and GitLab",
}


@click.command(name="help")
@click.argument("topic", required=False)
def help_(topic: str | None) -> None:
    """Print a page about TOPIC; without it, which there are."""
    if topic is None:
        width = max(map(len, PAGES))
        for name, about in PAGES.items():
            click.echo(f"{name:<{width}}  {about}")
        return
    if topic not in PAGES:
        raise UsageError(f"{topic}: no such page; there are {', '.join(PAGES)}")
    click.echo(files("tcptrace").joinpath("docs", f"{topic}.md").read_text("utf-8"), nl=False)

"""``tcptrace extract FILE -w OUT``: part of a capture as pcapng, without payload or real addresses if wished."""

from typing import Any, NamedTuple

import click

from tcptrace.cli import shared
from tcptrace.cli.inputs import split_words
from tcptrace.model.errors import UsageError


class Request(NamedTuple):
    """The command line, understood."""

    paths: tuple[str, ...]
    filter: str
    out: str
    streams: tuple[int, ...]
    states: tuple[str, ...]
    outcomes: tuple[str, ...]
    passed: tuple[str, ...]
    headers: bool
    anonymize: bool
    payload: bool
    key: str | None  # a file


@click.command(
    epilog="What was extracted is analysed to the same result, but for frame numbers, `application` where the payload is "
    "gone, and timers that run out behind its last frame."
)
@click.argument("words", nargs=-1, type=click.Path(), metavar="FILE|-... [FILTER...]")
@shared.FILES
@click.option(
    "-w", "out", required=True, metavar="OUT", type=click.Path(), help="Where to write; -: standard output."
)
@shared.STREAMS
@shared.STATES
@shared.WITH_OUTCOME
@shared.PASSED
@click.option(
    "--headers", is_flag=True, help="Cut each frame behind its TCP header; what is not TCP is left out."
)
@click.option(
    "--anonymize",
    is_flag=True,
    help="Replace IP addresses, prefix by prefix; the payload goes, as by --headers.",
)
@click.option("--payload", is_flag=True, help="With --anonymize: keep the payload, whatever is in it.")
@click.option(
    "--key",
    metavar="KEYFILE",
    type=click.Path(),
    help="With --anonymize: a secret file, so that next time the addresses are the same.",
)
@shared.NO_NAMES
def extract(words: tuple[str, ...], files: tuple[str, ...], **options: Any) -> None:
    """Write part of a capture as pcapng: the segments of the connections chosen, or what a filter keeps.

    Connections of the same addresses and ports come along: what one does depends on the one before.
    Times, link types and lengths stay. With --headers there is no payload in it; with --anonymize there are no
    addresses either: networks stay networks, ports and hardware addresses stay, options that may tell who it was are
    overwritten, and checksums are right again where they were right. Without --key the secret is forgotten.
    """
    paths, condition = split_words(words, files)
    options.pop("n")
    for name in ("payload", "key"):
        if options[name] and not options["anonymize"]:
            raise UsageError(f"--{name}: it belongs to --anonymize; write both or neither")
    if options["payload"] and options["headers"]:
        raise UsageError("--payload and --headers: one keeps what the other cuts; choose one")
    from tcptrace.cli.run_extract import run

    run(Request(paths=paths, filter=condition, **options))

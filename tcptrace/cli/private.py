"""``tcptrace run -- COMMAND``: a command in a private network, its loopback captured from first to last packet."""

from typing import Any

import click

from tcptrace.cli.analyze import analyze
from tcptrace.cli.capture import BUFFER, ITS_OWN, KERNEL_LOG, MAX_SNAP, VERIFY, CaptureRequest, check_verify
from tcptrace.cli.request import make_request
from tcptrace.model.errors import UsageError


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog=(
        "The exit status is COMMAND's; 1 where that was 0 and --verify found an end different; 3 where no private "
        "network is to be had, 127 where there is no COMMAND."
    ),
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG...]")
@click.option("-w", "path", type=click.Path(), metavar="FILE", help="Write the frames to FILE.")
@click.option(
    "-F", "form", type=click.Choice(("pcapng", "pcap")), default="pcapng", help="What -w writes (pcapng)."
)
@BUFFER
@click.option("--no-results", is_flag=True, help="Only write the frames (-w).")
@VERIFY
@KERNEL_LOG
def run(
    command: tuple[str, ...],
    path: str | None,
    form: str,
    buffer_octets: int | None,
    no_results: bool,
    verify: bool,
    kernel_log: str | None,
    **options: Any,
) -> None:
    """Run a command in a private network that has only a loopback, and say what `analyze` says of its connections.

    Needs no root on most Linux. COMMAND sees nobody else's traffic, and reaches nobody. With --json and --csv its
    standard output goes to standard error, so that the results stand alone.
    """
    if not command:
        raise UsageError(
            "COMMAND: missing; write what is to be run, e.g. tcptrace run -- python3 server_test.py"
        )
    if path == "-":
        raise UsageError("-w -: standard output is the command's; name a file")
    if no_results and path is None:
        raise UsageError("--no-results: nothing would come out; add -w FILE")
    check_verify(verify, kernel_log, options["is_csv"], no_results)
    results = None if no_results else make_request(("lo",), "", {**options, "follow": False})
    request = CaptureRequest(
        interfaces=("lo",),
        path=path,
        form=form,
        turns=None,
        filter="",
        snap=MAX_SNAP,
        limit=None,
        duration_s=None,
        promiscuous=False,
        ring=True,
        buffer_octets=buffer_octets,
        user="root",  # the command is to run as whoever asked
        results=results,
        verify=verify,
        kernel_log=kernel_log,
    )
    from tcptrace.cli.run_private import run as run_private

    run_private(request, command)


run.params += [each for each in analyze.params if each.name not in ITS_OWN]

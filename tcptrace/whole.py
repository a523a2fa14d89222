"""The capture as a whole: what was in it, and its own faults."""

from collections.abc import Iterator

from tcptrace.model.columns import COUNT_SEGMENTS, SKIP_NAMES
from tcptrace.model.light import TYPE_CHECKING
from tcptrace.model.whole import Fault, Whole
from tcptrace.tcp import codes as notes

if TYPE_CHECKING:
    from tcptrace.model.records import Capture
    from tcptrace.source import Source
    from tcptrace.tcp.replay import Replay
    from tcptrace.tcp.verdict import Verdict
    from tcptrace.wire.decoder import Decoder


def describe(
    source: "Source",
    decoder: "Decoder",
    replay: "Replay",
    verdict: "Verdict",
    frames: int,
    filtered: int | None,
    lost: int,
) -> Whole:
    """Return what is known of a capture that was read.

    ``filtered``: frames that the filter left out, where there is one; ``lost``: findings ``tap_loss`` of the connections
    that were written.
    """
    skipped = {name: decoder.counters[at] for at, name in enumerate(SKIP_NAMES)}
    if filtered is not None:
        skipped["filtered"] = filtered
    return Whole(
        file=source.name,
        format=source.format,
        link_types=decoder.link_names,
        frames=frames,
        tcp_segments=decoder.counters[COUNT_SEGMENTS],
        connections=len(replay.store.streams),
        first_ns=replay.earliest_ns if frames else 0,
        last_ns=replay.latest_ns if frames else 0,
        skipped=skipped,
        complete=source.complete,
        problem=source.problem,
        date_known=source.date_known,
        given_up=verdict.given_up,
        warnings=list(_warnings(source, decoder, replay, verdict, lost)),
    )


def as_record(whole: Whole) -> "Capture":
    """Return the record of a capture."""
    from tcptrace.model.records import Capture, Warning_

    fields = whole._asdict()
    fields["warnings"] = [Warning_(*fault) for fault in whole.warnings]
    return Capture(schema=1, **fields)


def _warnings(
    source: "Source", decoder: "Decoder", replay: "Replay", verdict: "Verdict", lost: int
) -> Iterator[Fault]:
    """Yield the capture's own faults."""
    # The replay's total has no losses that only a whole connection shows; of connections not written it is all there is.
    losses = max(lost, replay.notes.totals[notes.TAP_LOSS])
    # A printed listing never has payload.
    cut = 0 if source.format == "tcpdump text" else replay.truncated
    rows = (
        (
            "tap_loss",
            losses,
            "ACKs cover what the capture never shows: it lost segments",
        ),
        ("dropped", source.dropped, "frames came too fast for the capture: what they carried is missing"),
        ("duplicate_frame", decoder.duplicates, "packets were captured twice; the second copies move nobody"),
        (
            "one_direction",
            verdict.one_direction,
            "connections of which only one end's segments were captured",
        ),
        ("short_snap", cut, "segments whose payload the snap length cut"),
        ("time_went_back", replay.time_went_back, "segments older than the one before; file order stands"),
        ("offload", replay.offloaded, "segments with checksums left to the network card"),
    )
    for code, count, detail in rows:
        if count:
            yield Fault(code, count, detail)

"""Words that the ladder, the explanation and the frame view share: ends, amounts, the assumed MSL."""

from tcptrace.model.records import Connection
from tcptrace.show.text import endpoint, seconds

# Whose MSL a number is (contract, `--stack`); Linux has no MSL but a TIME-WAIT of 60 s (TCP_TIMEWAIT_LEN).
MSL_OF = {120.0: "RFC 9293", 30.0: "Linux", 15.0: "macOS", 60.0: "Windows"}


def client(connection: Connection) -> str:
    """Return the client's address and port."""
    return endpoint(connection.client.ip, connection.client.port)


def server(connection: Connection) -> str:
    """Return the server's address and port."""
    return endpoint(connection.server.ip, connection.server.port)


def is_itself(connection: Connection) -> bool:
    """Say whether the socket is connected to itself: one end, not two (contract, "Which end is which")."""
    return connection.client == connection.server


def octets(n: int) -> str:
    """Return an amount of data in a few columns: ``5323 B``, ``123.4 kB``, ``1.2 GB``."""
    if n < 100_000:
        return f"{n} B"
    value = float(n)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def msl_words(msl_s: float) -> str:
    """Return the MSL that is assumed, with whose it is."""
    whose = MSL_OF.get(float(msl_s))
    text = f"MSL {seconds(msl_s)} s assumed"
    if whose is None:
        return text
    if whose == "RFC 9293":
        return f"{text} as in RFC 9293; Linux waits 60 s in all"
    return f"{text} as on {whose}"

"""The list of applications: what a server says, and the client that talks to it. Each file has both ends of one protocol."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tcptrace.lab.application import Application
from tcptrace.lab.apps import dns, echo, fixed, hello, http, xmlrpc
from tcptrace.lab.client import Peer


class App(NamedTuple):
    """An application and its client."""

    application: Callable[[], Application]
    client: Callable[[Peer, str, int], Iterator[str]]  # (connection, host, port): one line for each exchange
    help: str  # one line


APPS = {
    "hello": App(hello.Hello, hello.client, "one line to whoever connects, then the end"),
    "echo": App(echo.Echo, echo.client, "sends back what it gets, until the client ends"),
    "fixed": App(fixed.Fixed, fixed.client, "messages of 16 octets, answered in capitals"),
    "http": App(http.Http, http.client, "a page with a picture, keep-alive"),
    "xmlrpc": App(xmlrpc.XmlRpc, xmlrpc.client, "functions to call by XML over HTTP"),
    "dns": App(dns.Dns, dns.client, "names and addresses, DNS over TCP"),
}

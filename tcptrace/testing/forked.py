"""A test run in a child process that has a network of its own: for those who may not capture on the machine's.

The child makes fixtures of every scope anew, for what others have made lies in the machine's network, and tears down
no more than it has made. Its reports come back as they are.
"""

import json
import os
import tempfile
import traceback
import warnings
from typing import Any


class Refused(Exception):
    """The system gives no private network; the message says why."""


def run_apart(item: Any, nextitem: Any) -> list[Any]:
    """Run a test's three phases in a child within a private network; return its reports.

    Then what ``nextitem`` does not need is torn down, as after any test. Raises ``Refused`` where there is no such
    network.
    """
    import pytest

    with tempfile.TemporaryFile() as told:
        with warnings.catch_warnings():
            # Python warns of a fork beside other threads. The child uses none of theirs, and only ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                held = _in_child(item)
            except BaseException:  # whatever it was, the child must not go on as a second parent
                held = {"crash": traceback.format_exc()}
            told.write(json.dumps(held).encode())
            told.flush()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told.seek(0)
        octets = told.read()
    held = json.loads(octets) if octets else {"crash": f"it ended with status {status}"}
    if "crash" in held:
        crash = f"{item.nodeid}: in the process of its private network: {held['crash']}"
        return [pytest.TestReport(item.nodeid, item.location, {}, "failed", crash, "call")]
    if "refused" in held:
        raise Refused(held["refused"])
    item.session._setupstate.teardown_exact(nextitem)
    from_text = item.config.hook.pytest_report_from_serializable
    return [from_text(config=item.config, data=data) for data in held["reports"]]


def _in_child(item: Any) -> dict[str, Any]:
    """Enter the network and run the test; return what the parent should know."""
    from tcptrace.kernel.namespace import enter_private_network
    from tcptrace.model.errors import InputError

    try:
        enter_private_network()
    except InputError as error:
        return {"refused": str(error)}
    _forget_fixtures(item)
    to_text = item.config.hook.pytest_report_to_serializable
    runner = item.config.pluginmanager.get_plugin("runner")
    reports = runner.runtestprotocol(item, log=False, nextitem=None)
    return {"reports": [to_text(config=item.config, report=report) for report in reports]}


def _forget_fixtures(item: Any) -> None:
    """Leave what the parent has made to the parent: it is neither used nor torn down here.

    pytest has no public way to this; the two attributes are those of pytest 8 and 9.
    """
    item.session._setupstate.stack.clear()
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        for definition in definitions:
            definition.cached_result = None
            definition._finalizers.clear()

"""Batch sizes and the form of the kernels change nothing in what comes out of simulations."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptrace import kernels
from tcptrace.lab.scenarios import SCENARIOS
from tcptrace.lab.simulator.record import simulated
from tcptrace.lab.simulator.script import Script
from tcptrace.lab.simulator.simulate import Simulation
from tcptrace.lab.tap import RAW, pcap
from tests.lab.test_simulator import runs
from tests.tcp.test_properties_batches import digests, output


@settings(max_examples=60)
@given(run=runs(st.sampled_from([0.0, 0.5, 1.0])), size=st.integers(1, 5))
def test_batch_sizes_change_nothing_in_a_simulation(run: tuple[Script, int], size: int) -> None:
    capture = pcap(Simulation(*run).run().frames, RAW)
    assert output(capture, size) == output(capture)


@pytest.mark.skipif(
    not kernels.is_compiled("tcp.replay"), reason="no compiled twins here: nothing to compare"
)
def test_compiled_and_plain_say_the_same_of_each_simulated_scenario(tmp_path: Path) -> None:
    paths = []
    for name, row in SCENARIOS.items():
        if row.script is not None and name != "many-at-once":
            paths.append(tmp_path / f"{name}.pcap")
            octets = simulated(name, row.script._replace(tap=0.5), 3).captures["0.5"]
            paths[-1].write_bytes(octets)
    plain = digests(paths, TCPTRACE_PLAIN="1")
    assert len(plain) == len(paths) > 80
    assert digests(paths) == plain

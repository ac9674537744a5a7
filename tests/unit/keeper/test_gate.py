"""The gate, in a kernel of its own network namespace: nothing but the kernel keeps it shut."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment

from titanicarus.keeper.gate import Gate, GateError, arm_script, open_script, shut_script

TEMPLATE = Path(__file__).parents[3] / "salt/gate/files/gate.nft.j2"

PROGRAM = """
import sys, time
from titanicarus.keeper import gate
from titanicarus.keeper.gate import Gate, GateError, boottime
step = sys.argv[1]
late = [0.0]
def run(script):
    answer = gate._nft(script)
    if script.startswith("add element") and " armed " in script and "open" not in script:
        time.sleep(late[0])
    return answer
it = Gate(3411, 0.3, run=run)
if step == "open":
    it.open(boottime() + 30)
    assert 29 < it.open_for <= 30
elif step == "late":
    late[0] = 0.5
    try:
        it.open(boottime() + 30)
    except GateError as error:
        print("refused", error)
    assert it.open_for == 0
elif step == "shut":
    it.shut()
    it.shut()
elif step == "renew":
    it.open(boottime() + 1)
    it.open(boottime() + 60)
elif step == "past":
    it.open(boottime() - 1)
    assert it.open_for == 0
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The table of a host with two shards."""
    shards = [
        {"server_port": 3411, "replication_port": 3511, "further_ports": [637]},
        {"server_port": 3422, "replication_port": 3522, "further_ports": []},
    ]
    text = Environment(autoescape=False).from_string(TEMPLATE.read_text())
    path = tmp_path / "gate.nft"
    # The user mysql is not on every machine that runs this.
    path.write_text(text.render(host={"id": "x"}, pillar={"db": {"shards": shards}}).replace('"mysql"', "104"))
    return path


def in_namespace(rules: Path, *steps: str) -> str:
    """Load the table, take the steps, and list what is in the kernel then."""
    if os.geteuid() != 0:
        pytest.fail("a network namespace needs root: run `sudo ./saguire test`")
    source = Path(__file__).parents[3] / "src"
    parts = [f"nft -f {rules}"]
    for step in steps:
        parts.append(f"nft -f {rules}" if step == "load" else f"{sys.executable} -c '{PROGRAM}' {step}")
    parts.append("nft list table inet titanicarus_gate")
    done = subprocess.run(
        ["unshare", "-n", "sh", "-e", "-c", "\n".join(parts)],
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_open(listing: str) -> bool:
    """Whether the port is in the set of the open ones."""
    return "3411 timeout" in listing.partition("set open")[2].partition("set armed")[0]


def test_it_opens_and_loading_the_table_again_leaves_it_open(rules: Path) -> None:
    assert not is_open(in_namespace(rules))
    assert is_open(in_namespace(rules, "open"))
    assert is_open(in_namespace(rules, "open", "load"))


def test_it_shuts_at_once_and_twice(rules: Path) -> None:
    assert not is_open(in_namespace(rules, "open", "shut"))


def test_an_order_that_comes_late_is_refused_by_the_kernel(rules: Path) -> None:
    listing = in_namespace(rules, "late")
    assert "refused the gate of port 3411 could not be changed" in listing
    assert not is_open(listing)


def test_renewing_it_gives_it_new_time(rules: Path) -> None:
    assert "timeout 59s" in in_namespace(rules, "renew").partition("set open")[2]


def test_the_kernel_is_asked_once_for_each_end() -> None:
    asked: list[str] = []
    problems: list[str | None] = [None, "busy", None, None, None, None]

    def run(script: str) -> str | None:
        asked.append(script)
        return problems.pop(0) if problems else None

    gate = Gate(3411, 0.3, run=run, clock=lambda: 100.0)
    with pytest.raises(GateError):
        gate.open(105.0)
    gate.open(105.0)
    gate.open(105.0)
    assert len(asked) == 4
    gate.shut()
    gate.open(105.0)
    assert len(asked) == 7


def test_a_gate_that_could_not_be_shut_counts_as_open() -> None:
    problems: list[str | None] = [None, None, "busy"]
    gate = Gate(3411, 0.3, run=lambda _: problems.pop(0) if problems else None, clock=lambda: 100.0)
    gate.open(105.0)
    with pytest.raises(GateError, match="busy"):
        gate.shut()
    assert gate.open_for == 5.0
    gate.shut()
    assert gate.open_for == 0.0


def test_a_lease_that_is_over_opens_nothing(rules: Path) -> None:
    assert not is_open(in_namespace(rules, "past"))


def test_what_the_kernel_says_is_an_error() -> None:
    gate = Gate(3411, 0.3, run=lambda _: "No such file or directory", clock=lambda: 100.0)
    with pytest.raises(GateError, match=r"3411.*No such file"):
        gate.open(105.0)
    assert gate.open_for == 0.0


def test_a_further_port_is_open_and_shut_with_the_first_one_in_the_same_order() -> None:
    asked: list[str] = []
    gate = Gate(3411, 0.3, run=asked.append, clock=lambda: 100.0, further=(637,))
    gate.open(105.0)
    gate.shut()
    assert asked == [
        arm_script(3411, 0.3) + arm_script(637, 0.3),
        open_script(3411, 5.0) + open_script(637, 5.0),
        shut_script(3411) + shut_script(637),
    ]


def test_the_order_names_the_set_that_arms_it() -> None:
    assert "armed { 3411 timeout 300ms }" in arm_script(3411, 0.3)
    assert open_script(3411, 5.5).splitlines()[0] == "delete element inet titanicarus_gate armed { 3411 }"
    assert "open { 3411 timeout 5500ms }" in open_script(3411, 5.5)
    assert shut_script(3411).splitlines()[-1] == "delete element inet titanicarus_gate open { 3411 }"

"""The last program before a host or a command in it: it must pass on exactly what it is told, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

from titanicarus.lab.container import enter_command, launch


def test_the_environment_is_only_what_was_given() -> None:
    argv = launch(["/usr/bin/env"], environment={"PATH": "/usr/bin:/bin", "TERM": "dumb"})
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={"SECRET": "x", "PATH": "/usr/bin:/bin"}
    )
    assert sorted(done.stdout.split()) == ["PATH=/usr/bin:/bin", "TERM=dumb"]


def test_arguments_input_and_exit_code_pass_through() -> None:
    odd = ["a b", "$HOME", "--", "'", "--join"]
    script = "cat; printf '%s|' \"$@\"; exit 7"
    argv = launch(["/bin/sh", "-c", script, "sh", *odd], environment={"PATH": "/usr/bin:/bin"})
    done = subprocess.run(argv, input="in:", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "in:" + "|".join(odd) + "|")


def test_groups_are_entered_before_the_program_starts(tmp_path: Path) -> None:
    procs = tmp_path / "cgroup.procs"
    argv = launch(["/bin/cat", str(procs)], join=[procs], environment={"PATH": "/bin"})
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "0"


def test_a_program_that_is_not_there_is_127_and_an_error() -> None:
    done = subprocess.run(launch(["no-such-program"]), capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert "no-such-program" in done.stderr


def test_a_group_that_is_gone_keeps_the_program_from_starting(tmp_path: Path) -> None:
    argv = launch(["/bin/echo", "started"], join=[tmp_path / "gone/cgroup.procs"])
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "started" not in done.stdout


def test_a_command_inside_is_the_last_part_untouched() -> None:
    command = enter_command(1, ["echo", "a b; c"], terminal="xterm")
    assert command[-2:] == ["echo", "a b; c"]
    assert "TERM=xterm" in command
    assert "--target=1" in command

"""What `titanicarus-returns` runs: it has Salt bring back what is due, for as long as any island is out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from titanicarus.control import layout
from titanicarus.heal import __main__ as program
from titanicarus.heal import shares
from titanicarus.heal.returns import Returns

ME = "syd-store1"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control host on which mel is out; Salt writes down what it is asked for, and brings the island back."""
    deploy = layout.Deploy(layout.below(tmp_path, layout.DEPLOY))
    release = deploy.release("1")
    release.pillar.mkdir(parents=True)
    (release.pillar / f"{ME}.json").write_text(json.dumps({"guard": {"hosts": {}, "masters": {}}}))
    release.facts.write_text(json.dumps({"hosts": {}}))
    deploy.current.symlink_to(release.path)
    mark = layout.below(tmp_path, shares.MARK)
    mark.parent.mkdir(parents=True)
    mark.write_text("[]")
    monkeypatch.setattr(Returns, "due", lambda _self: ["mel"])
    monkeypatch.setattr(program.time, "sleep", lambda _seconds: None)
    return tmp_path


def salt(root: Path, code: int) -> Path:
    script = root / "salt-run"
    script.write_text(f'#!/bin/sh\necho "$@" >> {root}/asked\nrm {layout.below(root, shares.MARK)}\nexit {code}\n')
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("code", [0, 3])
def test_salt_is_asked_and_a_failure_is_a_sentence(
    root: Path, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "_SALT_RUN", str(salt(root, code)))
    assert program.main(["--root", str(root), "returns", ME]) == 0
    assert (root / "asked").read_text() == "--log-level=warning heal.bring_back mel\n"
    assert ("ended with 3; it is tried again" in capsys.readouterr().err) is (code == 3)


def test_with_nobody_out_it_ends_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_SALT_RUN", str(salt(root, 0)))
    layout.below(root, shares.MARK).unlink()
    assert program.main(["--root", str(root), "returns", ME]) == 0
    assert not (root / "asked").exists()

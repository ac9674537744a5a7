"""Silence is not an answer, whatever Salt says in its place."""

from __future__ import annotations

from titanicarus.heal.answers import Answer, from_salt


def test_silence_is_left_out() -> None:
    returned = {
        "well": {"ret": {"helped": True}, "retcode": 0, "jid": "1"},
        "raised": {"ret": "ERROR: no claim", "retcode": 1},
        "old": {"ret": True},
        "silent": {"out": "no_return", "ret": "Minion did not return. [No response]", "retcode": 1},
        "gone": False,
        "failed": {"failed": True},
    }
    assert from_salt(returned) == {
        "well": Answer(True, {"helped": True}),
        "raised": Answer(False, "ERROR: no claim"),
        "old": Answer(True, True),
    }

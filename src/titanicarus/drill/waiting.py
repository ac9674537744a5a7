"""Waiting for something that should happen, with a deadline."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from titanicarus.lab.cgroup import wait_until
from titanicarus.operations.errors import OperationFailed


class TooLate(OperationFailed):
    """It did not happen in time."""


def until(what: str, condition: Callable[[], bool], seconds: float, *, poll: float = 0.1) -> float:
    """Ask until it holds; gives back how many seconds that took. Raises TooLate after `seconds`."""
    began = monotonic()
    if not wait_until(condition, seconds, poll=poll):
        raise TooLate(f"{what} did not happen within {seconds:g} s")
    return monotonic() - began


def until_nothing(what: str, lacks: Callable[[], list[str]], seconds: float, *, poll: float = 0.5) -> float:
    """Ask until nothing is missing; gives back how many seconds that took. Raises TooLate with what is missing."""
    left: list[str] = []

    def nothing() -> bool:
        left[:] = lacks()
        return not left

    try:
        return until(what, nothing, seconds, poll=poll)
    except TooLate as error:
        raise TooLate("\n".join([str(error), *left])) from None

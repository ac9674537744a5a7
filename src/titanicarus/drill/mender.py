"""Breaks, and mends all that it broke, whatever happens in between."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType, TracebackType

from titanicarus.drill.fault import ENDS_BY_ITSELF, Fault
from titanicarus.drill.verdict import Injected
from titanicarus.drill.world import FAILURES, World

Say = Callable[[str], None]
TRIES = 2


class Mender:
    """Everything that was broken through it is mended when its context ends; `not_mended` says what could not be."""

    def __init__(self, world: World, say: Say) -> None:
        self._world = world
        self._say = say
        self._injected: list[Injected] = []
        self.not_mended: list[str] = []

    @property
    def injected(self) -> tuple[Injected, ...]:
        """All that was broken, in order."""
        return tuple(self._injected)

    def standing(self) -> tuple[Injected, ...]:
        """What is broken, or mended and not yet whole."""
        return tuple(one for one in self._injected if one.whole is None)

    def make(self, fault: Fault, row: int) -> None:
        """Break it. It is noted before: what was broken only half is mended as well."""
        self._say(f"row {row}: {fault}")
        self._injected.append(Injected(fault, row, self._world.now()))
        self._world.make(fault)
        if fault.kind in ENDS_BY_ITSELF:
            self._ended(len(self._injected) - 1)

    def mend(self, fault: Fault) -> None:
        """Undo it; a blank machine in the place of a dead one undoes that death. Raises one of FAILURES."""
        self._say(f"no more: {fault}" if fault.kind not in ENDS_BY_ITSELF else str(fault))
        self._world.mend(fault)
        for place, one in enumerate(self._injected):
            same = one.fault == fault or (fault.kind in ENDS_BY_ITSELF and one.fault.place == fault.place)
            if same and one.ended is None:
                self._ended(place)

    def is_whole(self, one: Injected) -> None:
        """What it hit is whole again."""
        self._injected[self._injected.index(one)] = replace(one, whole=self._world.now())

    def _ended(self, place: int) -> None:
        self._injected[place] = replace(self._injected[place], ended=self._world.now())

    def __enter__(self) -> Mender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = [one for one in reversed(self._injected) if one.ended is None]
        if left:
            with uninterrupted(self._say):
                self.not_mended += [told for one in left if (told := self._mend_surely(one.fault))]

    def _mend_surely(self, fault: Fault) -> str | None:
        """None, or why it could not be mended."""
        why = ""
        for _ in range(TRIES):
            try:
                self.mend(fault)
                return None
            except FAILURES as error:
                why = str(error)
        self._say(f"NOT MENDED: {fault}: {why}")
        return f"{fault}, and that could not be mended: {why}"


@contextmanager
def uninterrupted(say: Say) -> Iterator[None]:
    """Answer Ctrl-C and the like with a word, and go on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def answer(_number: int, _frame: FrameType | None) -> None:
        say("what was broken is being mended first")

    before = {number: signal.signal(number, answer) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

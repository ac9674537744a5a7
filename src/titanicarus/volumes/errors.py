"""What can go wrong with volumes, as far as somebody must act differently."""

from __future__ import annotations


class VolumeError(Exception):
    """Something could not be done to a volume. The message names it and says what to do."""


class Silent(VolumeError):
    """The daemon that would do it gives no answer, or not within the deadline. Nobody knows whether it was done."""


class BadFacts(VolumeError):
    """The configuration of this host's files cannot be used; the message says what and where."""

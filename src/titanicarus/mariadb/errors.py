"""What can go wrong with an instance, as far as somebody must act differently."""

from __future__ import annotations


class ServerError(Exception):
    """An instance could not do what was asked. The message names the shard and says what to do."""


class Down(ServerError):
    """It does not run, does not accept connections yet, or the connection broke."""


class Late(ServerError):
    """No answer within the deadline. Whether the statement took effect is unknown."""


class Refused(ServerError):
    """The server answered with an error. `code` is MariaDB's number for it."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Behind(ServerError):
    """What was received could not be applied within the deadline. Nothing was given up: try again."""


class Diverged(ServerError):
    """This copy has transactions that the source's history went on without, or needs what it no longer has."""

"""The error of this room."""

from __future__ import annotations


class OperationFailed(Exception):
    """An operation could not be done; the message says why and what to do, one sentence a line."""

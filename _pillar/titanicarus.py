"""The pillar of a host, as the push compiled it: one JSON file for each, read and handed on.

Nothing is computed here, so a master answers quickly and all masters answer alike. See docs/control.md.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from salt.exceptions import SaltRenderError

# What the Saguirefile allows in a host's id. Whatever else a minion calls itself never becomes a part of a path.
_ID = re.compile(r"[a-z][a-z0-9]*-[a-z][a-z0-9]*")


def ext_pillar(minion_id: str, _pillar: dict[str, Any], folder: str) -> dict[str, Any]:
    """The compiled pillar of `minion_id` from `folder`.

    Raises SaltRenderError when there is none: a host without a pillar must fail its run, not lose its configuration.
    """
    if not _ID.fullmatch(minion_id):
        raise SaltRenderError(f"{minion_id!r} is no id of a host of this fleet")
    path = Path(folder) / f"{minion_id}.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise SaltRenderError(
            f"no pillar was compiled for {minion_id}: is it in the Saguirefile that was pushed?"
        ) from error
    pillar: dict[str, Any] = json.loads(text)
    if pillar["host"]["id"] != minion_id:
        raise SaltRenderError(f"the pillar compiled for {minion_id} says that it is {pillar['host']['id']}'s")
    return pillar

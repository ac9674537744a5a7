"""The text of Salt's configuration files. Beside titanicarus.control.salt_config, which says what is in them, because
every apply of every host needs this much, and half a second of imports less."""

from __future__ import annotations

from typing import Any

import yaml

HEADER = "# Written by Titanicarus from the Saguirefile (titanicarus.control.salt_config). Edits are overwritten.\n"


def text(config: dict[str, Any]) -> str:
    """The YAML of a master's or minion's configuration file. Provisioning and the states write the same bytes, so the
    first apply restarts nothing."""
    return HEADER + yaml.safe_dump(config, sort_keys=True, default_flow_style=False)

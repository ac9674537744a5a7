"""The text of Salt's own configuration files, as provisioning writes it: the first apply restarts nothing."""

from __future__ import annotations


def text(daemon: str) -> str:
    """The content of /etc/salt/<daemon> from the pillar; `daemon` is "minion" or "master".

    CLI Example:

    .. code-block:: bash

        salt-call salt_config.text minion
    """
    import json

    from titanicarus.control import salt_file

    # Salt's pillar is made of ordered dictionaries, which YAML would write with a tag.
    return salt_file.text(json.loads(json.dumps(__pillar__["salt"][f"{daemon}_config"])))

"""WordPress sites of this web server. The work is in `titanicarus.wordpress`."""

from __future__ import annotations

from typing import Any


def files() -> dict[str, dict[str, str]]:
    """The files of /etc/wordpress that are made of the pillar, by name: `text`, and the `group` that reads it.

    Raises CommandExecutionError when the pillar lacks something.

    CLI Example:

    .. code-block:: bash

        salt-call wordpress.files
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.wordpress.configuration import BadSite, configurations

    try:
        found = configurations(__pillar__["web"])
    except BadSite as error:
        raise CommandExecutionError(str(error)) from error
    return {name: {"text": file.text, "group": file.group} for name, file in found.items()}


def pending() -> list[str]:
    """The WordPress sites that this host does not know to be installed.

    CLI Example:

    .. code-block:: bash

        salt '*-web*' wordpress.pending
    """
    from titanicarus.wordpress.configuration import blogs
    from titanicarus.wordpress.install import pending as waiting

    return [blog.site for blog in waiting(blogs(__pillar__["web"]))]


def install(site: str) -> dict[str, Any]:
    """Try to fill a site's empty database now. Returns whether it is `installed`, and the script's `words`.

    CLI Example:

    .. code-block:: bash

        salt syd-web1 wordpress.install blog.harbour.example
    """
    from salt.exceptions import CommandExecutionError

    from titanicarus.wordpress import install as installing
    from titanicarus.wordpress.configuration import blogs

    for blog in blogs(__pillar__["web"]):
        if blog.site == site:
            attempt = installing.install(blog)
            return {"installed": attempt.installed, "words": attempt.words}
    raise CommandExecutionError(f"{site} is no WordPress site of this host")

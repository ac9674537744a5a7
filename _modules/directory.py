"""People and groups in this host's directory server. The work is in `titanicarus.directory`."""

from __future__ import annotations

from typing import Any


def people() -> dict[str, dict[str, Any]]:
    """Everybody in this host's copy: tenant, uid, whether locked, how many SSH keys, whether there is a password.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 directory.people
    """
    from titanicarus.directory.plan import is_locked, people_at

    suffix = __pillar__["directory"]["suffix"]
    found = _asked(lambda client: client.entries(people_at(suffix), scope="one"))
    return {
        entry["uid"][0]: {
            "tenant": entry.get("titanicarusTenant", ("",))[0],
            "uid": int(entry["uidNumber"][0]),
            "locked": is_locked(entry),
            "ssh_keys": len(entry.get("sshPublicKey", ())),
            "password": "userPassword" in entry,
        }
        for _, entry in sorted(found.items())
        if "uidNumber" in entry
    }


def plan() -> dict[str, Any]:
    """What a run of the state would do, whether or not this host is the one who writes.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 directory.plan
    """
    from titanicarus.directory.apply import look
    from titanicarus.directory.people import wanted_from
    from titanicarus.directory.plan import describe

    steps = _asked(lambda client: look(client, wanted_from(__pillar__["directory"])))
    return {"changes": describe(steps.changes), "conflicts": list(steps.conflicts), "foreign": list(steps.foreign)}


def versions() -> dict[str, Any]:
    """What this server and each other one has heard last of each: server to `number: time`, or why it said nothing.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 directory.versions
    """
    from titanicarus.directory.places import Places, read_settings
    from titanicarus.directory.server import DirectoryError, local, remote
    from titanicarus.directory.versions import vector

    places = Places()
    settings = read_settings(places)
    clients = {settings.host: local(places)} | {one.id: remote(one, places.identity) for one in settings.others}
    found: dict[str, Any] = {}
    for name, client in clients.items():
        try:
            found[name] = dict(vector(client.versions(settings.suffix)))
        except DirectoryError as error:
            found[name] = str(error)
    return found


def differences() -> dict[str, Any]:
    """Entries that another server with the same changes has otherwise: server to names, or why it said nothing.

    CLI Example:

    .. code-block:: bash

        salt syd-db1 directory.differences
    """
    from titanicarus.directory.check import differences as compared
    from titanicarus.directory.places import Places, read_settings
    from titanicarus.directory.server import DirectoryError, local, remote

    places = Places()
    settings = read_settings(places)
    found: dict[str, Any] = {}
    for server in settings.others:
        try:
            found[server.id] = compared(local(places), remote(server, places.identity), settings.suffix)
        except DirectoryError as error:
            found[server.id] = str(error)
    return found


def _asked(question: Any) -> Any:
    from salt.exceptions import CommandExecutionError

    from titanicarus.directory.people import BadPerson
    from titanicarus.directory.places import Places
    from titanicarus.directory.server import DirectoryError, local

    try:
        return question(local(Places()))
    except (DirectoryError, BadPerson) as error:
        raise CommandExecutionError(str(error)) from error

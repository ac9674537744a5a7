"""Commands about the declaration alone: check, encrypt, schema, facts."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

import typer

from titanicarus import pki
from titanicarus.cli.options import FileOption, JsonOption, LabOption
from titanicarus.cli.output import print_json, print_table, stdout
from titanicarus.cli.session import ROOT, resume
from titanicarus.control import passwords, secrets
from titanicarus.control.errors import BrokenSecrets
from titanicarus.fleet import Declaration, json_schema, load, pillar_for, ports_for
from titanicarus.fleet.database_wording import database_user
from titanicarus.lab import Lab
from titanicarus.operations import OperationFailed


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(check)
    app.command()(encrypt)
    app.command()(schema)
    app.command()(facts)


def check(file: FileOption = None) -> None:
    """Check the Saguirefile, the policy and every tenant; report every problem at once."""
    declaration = load(ROOT, file.resolve() if file else None)
    notices = [str(notice) for notice in declaration.notices]
    if passwords.has_sealed(declaration):
        notices += _try_passwords(declaration)
    for notice in notices:
        stdout.print(f"notice: {notice}", markup=False, soft_wrap=True)
    sites = sum(len(tenant.sites) for tenant in declaration.tenants)
    stdout.print(
        f"{declaration.fleet.name}: {len(declaration.fleet.islands)} island(s), {len(declaration.fleet.hosts)} hosts, "
        f"{len(declaration.tenants)} tenants, {sites} sites: no problem found",
        markup=False,
        soft_wrap=True,
    )


def _try_passwords(declaration: Declaration) -> list[str]:
    """Whether the encrypted passwords can be read, where the key is; gives what could not be tried, as notices.

    Raises Unreadable.
    """
    folder = Lab(os.environ.get("SAGUIRE_LAB") or declaration.fleet.name, declaration.fleet).secrets
    try:
        keys = secrets.load(declaration.fleet, folder)
    except PermissionError:
        return ["the encrypted passwords were not tried: their key is root's; `push` tries them"]
    except BrokenSecrets as error:
        return [f"the encrypted passwords were not tried: {error}"]
    passwords.passwords_of(declaration, keys.passwords, keys.islands)
    return []


def encrypt(
    user: Annotated[str, typer.Argument(help="The database user whose password it is.")],
    lab: LabOption = None,
) -> None:
    """Encrypt a password, read from standard input, for a tenant's file; only this fleet can read what is printed."""
    try:
        purpose = passwords.purpose(database_user(user))
        clear = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
        text = pki.seal(secrets.open_sealing_key(resume(lab).lab.secrets).public, purpose, passwords.fit(clear))
    except ValueError as error:
        raise OperationFailed(str(error)) from error
    print(text)


def schema(kind: Annotated[str, typer.Argument(help="saguirefile, tenant or policy")]) -> None:
    """Print the JSON Schema of a file, for editors."""
    print_json(json_schema(kind))


def facts(host: str, file: FileOption = None, as_json: JsonOption = False) -> None:
    """Print what the model derives for one host: addresses, roles, open ports, peers. No secrets."""
    declaration = load(ROOT, file.resolve() if file else None)
    known = declaration.fleet.host(host)
    pillar = pillar_for(declaration, host)
    if as_json:
        print_json(pillar)
        return
    stdout.print(
        f"{known.id}: {', '.join(known.roles)}; lan {known.lan}, wan {known.wan or 'none'}",
        markup=False,
        soft_wrap=True,
    )
    print_table(
        ["open to", "port", "interface", "why"],
        (
            [
                ", ".join(map(str, port.sources)) or "anyone",
                f"{port.protocol}/{port.port or '-'}",
                port.interface,
                port.why,
            ]
            for port in ports_for(declaration.fleet, known)
        ),
        title="Ports",
    )
    for section in ("lb", "web", "db", "leases", "salt"):
        if section in pillar:
            summary = {key: value for key, value in pillar[section].items() if key not in ("sites", "minions")}
            stdout.print(f"\n{section}:")
            print_json(summary)

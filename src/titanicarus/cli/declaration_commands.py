"""Commands that only read the declaration: check, schema, facts."""

from __future__ import annotations

from typing import Annotated

import typer

from titanicarus.cli.options import FileOption, JsonOption
from titanicarus.cli.output import print_json, print_table, stdout
from titanicarus.cli.session import ROOT
from titanicarus.fleet import json_schema, load, pillar_for, ports_for


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    app.command()(check)
    app.command()(schema)
    app.command()(facts)


def check(file: FileOption = None) -> None:
    """Check the Saguirefile, the policy and every tenant; report every problem at once."""
    declaration = load(ROOT, file.resolve() if file else None)
    for notice in declaration.notices:
        stdout.print(f"notice: {notice}", markup=False, soft_wrap=True)
    sites = sum(len(tenant.sites) for tenant in declaration.tenants)
    stdout.print(
        f"{declaration.fleet.name}: {len(declaration.fleet.islands)} island(s), {len(declaration.fleet.hosts)} hosts, "
        f"{len(declaration.tenants)} tenants, {sites} sites: no problem found",
        markup=False,
        soft_wrap=True,
    )


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
    for section in ("lb", "web", "salt"):
        if section in pillar:
            summary = {key: value for key, value in pillar[section].items() if key not in ("sites", "minions")}
            stdout.print(f"\n{section}:")
            print_json(summary)

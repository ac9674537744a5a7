"""`saguire db`: who writes which shard, and what an operator may do about it."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from titanicarus.backup.plan import moment, told
from titanicarus.cli.options import PASS_THROUGH, JsonOption, LabOption
from titanicarus.cli.output import Progress, print_json
from titanicarus.cli.report import say
from titanicarus.cli.session import resume
from titanicarus.cli.shard_report import show_copies, show_kept, show_shards
from titanicarus.control import secrets
from titanicarus.control.passwords import passwords_of
from titanicarus.operations import OperationFailed
from titanicarus.operations.backups import list_copies, restore_databases, take_copy
from titanicarus.operations.database_shell import shell_command, way_in
from titanicarus.operations.shards import (
    Moved,
    look_at_shards,
    move_shard,
    override_shard,
    state_override,
    wish_everywhere,
)

app = typer.Typer(help="Databases: who writes which shard, moves, a tenant's shell.", no_args_is_help=True)

ShardArgument = Annotated[str, typer.Argument(help="The shard: it has the name of an island.")]
SomeShard = Annotated[str | None, typer.Argument(help="The shard; default: all of them.")]


@app.command()
def status(shard: SomeShard = None, lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Show who writes each shard, every copy of it, and whatever is not as it should be."""
    session = resume(lab)
    views = look_at_shards(session.lab, session.lab.fleet, shard)
    if as_json:
        print_json([view.to_json() for view in views])
        return
    if not views:
        say("the fleet has no database hosts, so it has no shards")
        return
    show_shards(views)
    for view in views:
        say()
        show_copies(view)


@app.command()
def move(
    shard: ShardArgument,
    to: Annotated[str, typer.Option("--to", help="A host that has a copy, or an island: the best copy there.")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a shard to another host or island while everything is well: nothing is lost, writes stop for a moment."""
    session = resume(lab)
    _told(move_shard(session.lab, session.lab.fleet, shard, to, Progress(quiet=as_json)), as_json)


@app.command()
def override(
    shard: ShardArgument,
    on: Annotated[str, typer.Option("--on", help="The host that is to be opened.")],
    yes_i_know: Annotated[
        bool, typer.Option("--yes-i-know", help="Do not ask for the shard's name. For programs that know what is lost.")
    ] = False,
    lab: LabOption = None,
) -> None:
    """The last resort: open a shard on a host although commits may be lost. Says what, and asks first."""
    session = resume(lab)
    view, statement = state_override(session.lab, session.lab.fleet, shard, on)
    show_copies(view)
    for sentence in statement.sentences:
        say(sentence)
    if not yes_i_know:
        typed = typer.prompt(f"Type the name of the shard to open it on {on}", default="", show_default=False)
        if typed.strip() != shard:
            raise OperationFailed(f"{typed.strip() or 'nothing'} was typed, not {shard}: nothing was done")
    _told(override_shard(session.lab, statement, Progress()), as_json=False)


@app.command()
def pause(shard: SomeShard = None, lab: LabOption = None) -> None:
    """Let no host take a lease by itself until `resume`. Who writes now goes on, and can still hand over."""
    _wish_everywhere(lab, shard, paused=True)


@app.command("resume")
def end_pause(shard: SomeShard = None, lab: LabOption = None) -> None:
    """End a pause."""
    _wish_everywhere(lab, shard, paused=False)


@app.command(context_settings=PASS_THROUGH)
def shell(
    context: typer.Context,
    tenant: Annotated[str, typer.Argument(help="The tenant.", metavar="TENANT [DATABASE] [-- OPTIONS]")],
    lab: LabOption = None,
) -> None:
    """Open a tenant's database as its own user, over the same way as its application; reads SQL from a pipe, too.

    DATABASE is needed when the tenant has several. What comes after `--` goes to the client: `-- -e 'SHOW TABLES'`.
    """
    database, options = _shell_words(context.args)
    session = resume(lab)
    keys = secrets.load(session.declaration.fleet, session.lab.secrets)
    passwords = passwords_of(session.declaration, keys.passwords, keys.islands)
    way = way_in(session.lab, session.declaration, passwords, tenant, database)
    command = shell_command(session.lab, way, options)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted here


def _shell_words(words: list[str]) -> tuple[str | None, list[str]]:
    """The database, if one is named, and what goes to the client."""
    before = words[: words.index("--")] if "--" in words else words
    if len(before) > 1 or any(word.startswith("-") for word in before):
        raise typer.BadParameter("say: saguire db shell TENANT [DATABASE] [-- OPTIONS OF THE CLIENT]")
    return (before[0] if before else None), words[len(before) + 1 :]


@app.command()
def backup(shard: ShardArgument, lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Take a base copy of a shard now, on a replica."""
    session = resume(lab)
    host, base = take_copy(session.lab, session.lab.fleet, shard, Progress(quiet=as_json))
    if as_json:
        print_json(asdict(base) | {"host": host})
    else:
        say(f"{host} has a copy of {shard} of {told(base.ended)}, at {base.gtid or 'no commit yet'}")


@app.command()
def backups(shard: SomeShard = None, lab: LabOption = None, as_json: JsonOption = False) -> None:
    """List the copies of shards, and from when to when each moment can be restored."""
    session = resume(lab)
    kept = list_copies(session.lab, session.lab.fleet, shard)
    if as_json:
        print_json([one.to_json() for one in kept])
    else:
        show_kept(kept)


@app.command()
def restore(
    tenant: Annotated[str, typer.Argument(help="The tenant.")],
    database: Annotated[str | None, typer.Argument(help="One of its databases; default: all of them.")] = None,
    *,
    to: Annotated[str, typer.Option("--to", help="The moment: 2026-11-24T23:59:00, UTC unless it says otherwise.")],
    lab: LabOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a tenant's databases back as they were at a moment, beside what there is now; its users may read them."""
    session = resume(lab)
    try:
        time = moment(to)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    done = restore_databases(
        session.lab, session.declaration, tenant, database, moment=time, say=Progress(quiet=as_json)
    )
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        say(one.sentence)


def _wish_everywhere(lab: str | None, shard: str | None, *, paused: bool) -> None:
    session = resume(lab)
    done, failed = wish_everywhere(session.lab, session.lab.fleet, shard, {"paused": paused})
    for host, names in done.items():
        say(f"{host} {'takes no lease of' if paused else 'takes leases again, of'} {', '.join(names)}")
    for host, reason in failed.items():
        say(f"{host} was not told: {reason}")
    raise typer.Exit(1 if failed else 0)


def _told(moved: Moved, as_json: bool) -> None:
    if as_json:
        print_json(moved.to_json())
        return
    for sentence in moved.sentences:
        say(sentence)

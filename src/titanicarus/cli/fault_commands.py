"""`saguire fault`: break things the way they break in the world."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import Progress, print_json, stdout
from titanicarus.cli.session import resume
from titanicarus.lab import clock
from titanicarus.lab.cuts import ALL, AWS_API, AWS_DNS, OFF, PLACES, VPNS, Cut
from titanicarus.lab.faults import HostFault, faults_there, undo
from titanicarus.lab.units import unit_name
from titanicarus.operations import flap_island
from titanicarus.operations.joining import replace_host

app = typer.Typer(help="Break a host or an island, and mend it again.", no_args_is_help=True)


UnitOption = Annotated[str | None, typer.Option("--unit", help="Only the processes of this systemd unit.")]
DiskOption = Annotated[
    bool, typer.Option("--disk", help="Only the disk of a database host or filer: what writes to it hangs.")
]
FilesOption = Annotated[
    bool, typer.Option("--files", help="The disk for bricks, on a host that has one for databases as well.")
]


@app.command()
def kill(host: str, unit: UnitOption = None, lab: LabOption = None) -> None:
    """Cut a host's power: links and processes are gone at once, its disk is kept. Or SIGKILL one unit's processes."""
    machine = resume(lab).lab
    if unit:
        machine.host(host).kill_unit(unit)
        stdout.print(f"the processes of {unit_name(unit)} on {host} were killed", markup=False)
        return
    machine.kill(host)
    stdout.print(f"{host} has lost power; `saguire fault start {host}` switches it on again", markup=False)


@app.command()
def freeze(
    host: str, unit: UnitOption = None, disk: DiskOption = False, files: FilesOption = False, lab: LabOption = None
) -> None:
    """Hang a host: its kernel still answers TCP, no process of it runs. Or one unit (SIGSTOP), or its disk."""
    machine = resume(lab).lab
    _one_of(unit, disk or files)
    if unit:
        machine.host(host).freeze_unit(unit)
    elif disk or files:
        machine.host(host).own_disk(files=files).freeze()
    else:
        machine.freeze(host)
    what, option = _part(unit, disk, files)
    stdout.print(f"{host}{what} is frozen; `saguire fault thaw {host}{option}` lets it go on", markup=False)


@app.command()
def thaw(
    host: str, unit: UnitOption = None, disk: DiskOption = False, files: FilesOption = False, lab: LabOption = None
) -> None:
    """Let a frozen host, unit or disk go on."""
    machine = resume(lab).lab
    _one_of(unit, disk or files)
    if unit:
        machine.host(host).thaw_unit(unit)
    elif disk or files:
        machine.host(host).own_disk(files=files).thaw()
    else:
        machine.thaw(host)
    stdout.print(f"{host}{_part(unit, disk, files)[0]} runs again", markup=False)


@app.command("fill-disk")
def fill_disk(host: str, files: FilesOption = False, lab: LabOption = None) -> None:
    """Fill the disk of a database host or filer to the last block."""
    taken = resume(lab).lab.host(host).own_disk(files=files).fill()
    option = " --files" if files else ""
    stdout.print(
        f"the disk of {host} is full ({taken >> 20} MiB);"
        f" `saguire fault drain-disk {host}{option}` gives the room back",
        markup=False,
    )


@app.command("drain-disk")
def drain_disk(host: str, files: FilesOption = False, lab: LabOption = None) -> None:
    """Give back the room that `fill-disk` took."""
    resume(lab).lab.host(host).own_disk(files=files).drain()
    stdout.print(f"the disk of {host} has room again", markup=False)


@app.command(context_settings={"ignore_unknown_options": True})
def skew(
    host: str,
    seconds: Annotated[int, typer.Argument(help="How far off: +300, -300; 0 is right.")],
    lab: LabOption = None,
) -> None:
    """Put the clock of a host's daemons forward or back; starts them again. docs/lab.md says what it covers."""
    machine = resume(lab).lab
    again = clock.skew(machine, host, machine.host(host).layout.root, seconds)
    right = f"; `saguire fault skew {host} 0` puts it right" if seconds else ""
    stdout.print(f"{host}: {seconds:+d} s for {', '.join(again) or 'no service'}{right}", markup=False)


@app.command()
def start(host: str, lab: LabOption = None) -> None:
    """Switch a killed host on again, with the disk it had."""
    resume(lab).lab.start(host)
    stdout.print(f"{host} is up", markup=False)


@app.command()
def replace(host: str, lab: LabOption = None) -> None:
    """Lose a host with its disks, and boot a blank machine of its name: it becomes the host by itself."""
    session = resume(lab)
    replace_host(session.lab, session.declaration, host, Progress())
    stdout.print(
        f"{host} is a blank machine with a token; it becomes the host by itself, and"
        f" `saguire exec {host} -- journalctl -fu titanicarus-join` shows how",
        markup=False,
    )


@app.command("kill-island")
def kill_island(island: str, lab: LabOption = None) -> None:
    """Cut the power of a whole island at once."""
    killed = resume(lab).lab.kill_island(island)
    stdout.print(f"{island} has lost power: {', '.join(killed)}", markup=False)


@app.command()
def cut(
    a: Annotated[str, typer.Argument(help="a host, an island, client or cloud")],
    b: Annotated[str, typer.Argument(help="the same")],
    one_way: Annotated[bool, typer.Option("--one-way", help="Only packets from A to B get lost.")] = False,
    lab: LabOption = None,
) -> None:
    """Lose every packet between two hosts or islands, on every way, without a word to either."""
    _tell(resume(lab).lab.cuts.make(PLACES, a=a, b=b, one_way=one_way))


@app.command("cut-vpn")
def cut_vpn(
    a: Annotated[str, typer.Argument(help="an island, or all")] = ALL,
    b: Annotated[str, typer.Argument(help="another island, or all")] = ALL,
    lab: LabOption = None,
) -> None:
    """Lose the packets of the tunnels between islands; everything else goes on."""
    _tell(resume(lab).lab.cuts.make(VPNS, a=a, b=b))


@app.command("cut-off")
def cut_off(island: str, lab: LabOption = None) -> None:
    """Cut an island off from the internet, and so from everything; inside it all goes on."""
    _tell(resume(lab).lab.cuts.make(OFF, a=island))


@app.command()
def aws(
    state: Annotated[str, typer.Argument(help="off or on")],
    api: Annotated[bool, typer.Option("--api", help="Only the programming interface.")] = False,
    dns: Annotated[bool, typer.Option("--dns", help="Only DNS and the health checks.")] = False,
    lab: LabOption = None,
) -> None:
    """Put AWS out of reach, or back: its programming interface, or its DNS and health checks, or both."""
    if state not in ("off", "on"):
        raise typer.BadParameter("say off or on")
    kinds = [kind for kind, chosen in ((AWS_API, api), (AWS_DNS, dns)) if chosen or api == dns]
    cuts = resume(lab).lab.cuts
    if state == "off":
        _tell(cuts.make(*kinds))
    else:
        _tell_mended(cuts.mend(kinds=kinds, chosen=()))


@app.command()
def flap(
    island: str,
    times: Annotated[int, typer.Option(min=1, help="How many times it goes away and comes back.")] = 10,
    seconds: Annotated[float, typer.Option(min=1, help="How long all of it takes.")] = 120.0,
    lab: LabOption = None,
) -> None:
    """Let an island's line to the internet go away and come back, again and again."""
    for sentence in flap_island(resume(lab).lab, island, times, seconds):
        stdout.print(sentence, markup=False)


@app.command()
def mend(
    numbers: Annotated[list[int] | None, typer.Argument(help="Numbers from `fault list`; none: all.")] = None,
    lab: LabOption = None,
) -> None:
    """Let packets through again; without numbers also undo what is broken inside hosts: units, disks, clocks.

    Hosts that are off or frozen are not meant: `start` and `thaw`.
    """
    machine = resume(lab).lab
    inside = () if numbers else faults_there(machine)
    for fault in inside:
        undo(machine, fault)
    _tell_mended((*machine.cuts.mend(numbers), *inside))


@app.command("list")
def list_(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Every cut there is, every host that is off or frozen, and what is broken inside the others."""
    session = resume(lab)
    cuts = session.lab.cuts.there()
    hosts = {
        host: "frozen" if session.lab.host(host).frozen() else "off"
        for host in session.lab.ids
        if not session.lab.reachable(host)
    }
    inside = faults_there(session.lab)
    if as_json:
        faults = [asdict(one) for one in inside]
        print_json({"cuts": [asdict(one) for one in cuts], "hosts": hosts, "inside": faults})
        return
    for one in cuts:
        stdout.print(f"{one.id}  {one}", markup=False)
    for host, state in hosts.items():
        stdout.print(f"{host} is {state}", markup=False)
    for fault in inside:
        stdout.print(f"{fault}; `{fault.undo}` undoes it", markup=False)
    if not cuts and not hosts and not inside:
        stdout.print("nothing is broken")


def _tell(cuts: tuple[Cut, ...]) -> None:
    for one in cuts:
        stdout.print(f"{one}; `saguire fault mend {one.id}` undoes it", markup=False)


def _one_of(unit: str | None, disk: bool) -> None:
    if unit and disk:
        raise typer.BadParameter("say --unit, or --disk or --files")


def _part(unit: str | None, disk: bool, files: bool) -> tuple[str, str]:
    """What of a host is meant, and the option that says so."""
    if unit:
        return f"'s {unit_name(unit)}", f" --unit {unit}"
    if files:
        return "'s disk for bricks", " --files"
    return ("'s disk", " --disk") if disk else ("", "")


def _tell_mended(mended: tuple[Cut | HostFault, ...]) -> None:
    for one in mended:
        stdout.print(f"mended: {one}", markup=False)
    if not mended:
        stdout.print("there was nothing to mend")

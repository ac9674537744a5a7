"""`saguire fault`: break things the way they break in the world."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from titanicarus.cli.options import JsonOption, LabOption
from titanicarus.cli.output import print_json, stdout
from titanicarus.cli.session import resume
from titanicarus.lab.cuts import ALL, AWS_API, AWS_DNS, OFF, PLACES, VPNS, Cut
from titanicarus.operations import flap_island

app = typer.Typer(help="Break a host or an island, and mend it again.", no_args_is_help=True)


@app.command()
def kill(host: str, lab: LabOption = None) -> None:
    """Cut a host's power: its links and processes are gone at once, its disk is kept."""
    resume(lab).lab.kill(host)
    stdout.print(f"{host} has lost power; `saguire fault start {host}` switches it on again", markup=False)


@app.command()
def freeze(host: str, lab: LabOption = None) -> None:
    """Hang a host: its kernel still answers TCP, no process of it runs."""
    resume(lab).lab.freeze(host)
    stdout.print(f"{host} is frozen; `saguire fault thaw {host}` lets it go on", markup=False)


@app.command()
def thaw(host: str, lab: LabOption = None) -> None:
    """Let a frozen host go on."""
    resume(lab).lab.thaw(host)
    stdout.print(f"{host} runs again", markup=False)


@app.command()
def start(host: str, lab: LabOption = None) -> None:
    """Switch a killed host on again, with the disk it had."""
    resume(lab).lab.start(host)
    stdout.print(f"{host} is up", markup=False)


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
    """Let packets through again. Hosts that are off or frozen are not meant: `start` and `thaw`."""
    _tell_mended(resume(lab).lab.cuts.mend(numbers))


@app.command("list")
def list_(lab: LabOption = None, as_json: JsonOption = False) -> None:
    """Every cut there is, and every host that is off or frozen."""
    session = resume(lab)
    cuts = session.lab.cuts.there()
    hosts = {
        host: "frozen" if session.lab.host(host).frozen() else "off"
        for host in session.lab.ids
        if not session.lab.reachable(host)
    }
    if as_json:
        print_json({"cuts": [asdict(one) for one in cuts], "hosts": hosts})
        return
    for one in cuts:
        stdout.print(f"{one.id}  {one}", markup=False)
    for host, state in hosts.items():
        stdout.print(f"{host} is {state}", markup=False)
    if not cuts and not hosts:
        stdout.print("nothing is broken")


def _tell(cuts: tuple[Cut, ...]) -> None:
    for one in cuts:
        stdout.print(f"{one}; `saguire fault mend {one.id}` undoes it", markup=False)


def _tell_mended(cuts: tuple[Cut, ...]) -> None:
    for one in cuts:
        stdout.print(f"mended: {one}", markup=False)
    if not cuts:
        stdout.print("there was nothing to mend")

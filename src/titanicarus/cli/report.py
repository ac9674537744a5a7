"""What an apply, an `up` and a status look like on the terminal."""

from __future__ import annotations

from titanicarus.cli.output import print_table, stdout
from titanicarus.control.apply import Applied, Outcome
from titanicarus.fleet import Declaration
from titanicarus.operations import BroughtUp, Overview

MIB = 1 << 20


def say(text: str = "") -> None:
    """One line, as it is."""
    stdout.print(text, markup=False, soft_wrap=True)


def show_apply(applied: Applied, seconds: float) -> None:
    """A table of the hosts on which something happened or went wrong, and a line for the others."""
    quiet = [result for result in applied.results.values() if result.outcome is Outcome.UNCHANGED]
    loud = [result for result in applied.results.values() if result.outcome is not Outcome.UNCHANGED]
    if loud:
        print_table(
            ["host", "outcome", "states", "changed", "seconds"],
            ([one.host, one.outcome, one.states, one.changes, f"{one.seconds:.1f}"] for one in loud),
        )
    for result in loud:
        for state, comment in result.failed:
            say(f"{result.host}: {state}: {comment}")
    if quiet:
        say(f"{len(quiet)} host(s) were as declared already")
    nobody = "nobody could be asked" if loud else "nothing to apply"
    by = f"applied by {', '.join(applied.masters)} in" if applied.masters else f"{nobody}, after"
    say(f"{by} {seconds:.1f} s")


def show_up(result: BroughtUp, declaration: Declaration, seconds: float) -> None:
    """What came up, what did not and why, and where to look next."""
    for failure in result.failures:
        say(f"failed: {failure}")
    for host in result.silent:
        say(f"failed: {host}: its minion gave no answer; look at `saguire logs {host} --unit salt-minion`")
    for host, reason in result.pushed.unreachable.items():
        say(f"failed: {host} did not get the release: {reason}")
    if not result.applied.ok:
        show_apply(result.applied, result.applied.seconds)
    good = "up and as declared" if result.ok else "up only in part; the rest of the fleet is usable"
    say(f"\n{declaration.fleet.name}: {len(declaration.fleet.hosts)} hosts, {good}, after {seconds:.0f} s")
    sites = [site for tenant in declaration.tenants for site in tenant.sites.values()]
    if sites:
        say(f"  saguire exec client -- curl -s {'https' if sites[0].https else 'http'}://{sites[0].name}/")
    say("  saguire status          every host at one look")
    say("  saguire probe           a user who asks ten times a second")
    say("  saguire fault --help    things to break")


def show_overview(overview: Overview) -> None:
    """Every host, then the masters, then what users get."""
    print_table(
        ["host", "power", "roles", "address", "memory", "up for", "failed units"],
        (
            [
                host.id,
                host.power,
                " ".join(host.roles),
                ", ".join(host.addresses),
                f"{host.memory_bytes // MIB} MiB" if host.memory_bytes else "-",
                f"{host.uptime_seconds:.0f} s" if host.uptime_seconds is not None else "-",
                " ".join(host.failed_units),
            ]
            for host in overview.lab.hosts
        ),
    )
    for sentence in (fault for host in overview.lab.hosts for fault in host.faults):
        say(f"broken: {sentence}")
    for name in dict.fromkeys(name for host in overview.lab.hosts for name in host.drained):
        say(f"drained: {name}; `saguire restore {name}` brings it back")
    say()
    newest = max((master.at or "" for master in overview.masters), default="")
    for master in overview.masters:
        behind = "" if (master.at or "") == newest else "; behind the others: `saguire push` brings it up to date"
        say(f"master {master.host} serves {master.release or 'nothing yet'}{behind}")
    for host, reason in overview.silent_masters.items():
        say(f"master {host} gives no answer: {reason}")
    for island in overview.islands:
        share = "not known" if island.share is None else f"{island.share:.0%}"
        say(f"island {island.island}: web at {island.vip} answers {island.web}; share of new users: {share}")
    say(f"memory of all hosts: {overview.lab.memory_bytes / 1024 / MIB:.1f} GiB")

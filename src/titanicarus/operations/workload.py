"""The ruler of databases: a tenant's application that writes steadily, what it felt, and whether anything was lost.

This half starts the clients on a web host (`titanicarus.checker.workload`), collects, reads back and has it judged.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from titanicarus.checker.history import History, HistoryError, Outcome, Survivor, Write
from titanicarus.checker.judge import Verdict, judge
from titanicarus.checker.plan import SET_UP_SECONDS, Access, new_run, now, part_of
from titanicarus.control.passwords import Passwords
from titanicarus.fleet import Declaration, Role, Tenant
from titanicarus.fleet.shards import shard_of, shards, sql_name
from titanicarus.lab import ProbeResult, Target
from titanicarus.lab.probe_figures import Answer, figures
from titanicarus.operations.errors import OperationFailed
from titanicarus.transport import CommandFailed, Transport, Unreachable, run

PYTHON = "/opt/salt/bin/python"
# The ruler must be the last thing to wait for a processor when the machine is busy.
_NICE = "-15"
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """The web hosts where clients run, and the database that they write to."""

    hosts: tuple[str, ...]
    shard: str
    tenant: str
    access: Access


@dataclass(frozen=True, slots=True)
class Report:
    """What the clients felt, and the judge's verdict. `survivor` is the host that was read back."""

    figures: ProbeResult
    verdict: Verdict
    survivor: str

    def summary(self) -> str:
        """The figures that matter most, in one line."""
        return f"longest gap {self.figures.longest_gap:.2f} s; {self.verdict.summary()}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        figures = {**self.figures.to_json(), "clock": "CLOCK_BOOTTIME"}
        return {**figures, "verdict": self.verdict.to_json(), "survivor": self.survivor}


def place_of(
    transport: Transport, declaration: Declaration, passwords: Passwords, name: str, islands: Sequence[str] = ()
) -> Place:
    """`name` is a tenant, or a shard: then its first tenant with a database. `islands`: where clients run.

    Raises OperationFailed when there is no such thing, or no web server runs there.
    """
    fleet = declaration.fleet
    tenant = _tenant(declaration, name)
    shard = shard_of(fleet, tenant.home)
    if shard is None:
        raise OperationFailed("this fleet has no database hosts")
    database = tenant.databases[min(tenant.databases)]
    user = database.first_user.name
    hosts = []
    for island in islands or (tenant.home,):
        if island not in fleet.islands:
            raise OperationFailed(f"there is no island {island}; there are {', '.join(fleet.islands)}")
        running = [host.id for host in fleet.with_role(Role.WEB, island) if transport.reachable(host.id)]
        if not running:
            raise OperationFailed(f"no web server of {island} runs: choose another island with --island")
        hosts.append(running[0])
    access = Access(sql_name(fleet), shard.client_port, user, passwords.clear[user], database.name)
    return Place(tuple(hosts), shard.name, tenant.name, access)


def _tenant(declaration: Declaration, name: str) -> Tenant:
    having = {tenant.name: tenant for tenant in declaration.tenants if tenant.databases}
    for tenant in having.values():
        if tenant.home == name:
            return tenant
    if name in having:
        return having[name]
    known = [shard.name for shard in shards(declaration.fleet)]
    raise OperationFailed(
        f"{name} is no shard with a tenant's database, and no tenant with one; shards are {', '.join(known) or 'none'},"
        f" tenants {', '.join(sorted(having)) or 'none'}"
    )


class _Clients:
    """The program on one host: started, its lines collected into the history, and ended."""

    def __init__(self, transport: Transport, host: str, history: History) -> None:
        self.host = host
        self.begin: float | None = None
        self.end: float | None = None
        self._transport = transport
        self._history = history
        self._problem = ""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self, settings: Mapping[str, object]) -> None:
        inside = ["nice", "-n", _NICE, PYTHON, "-u", "-m", "titanicarus.checker.workload"]
        # A session of its own: Ctrl-C stops the clients through `stop`, which still has figures to collect.
        self._process = subprocess.Popen(
            self._transport.command(self.host, inside),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(settings) + "\n")
        self._process.stdin.flush()
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        limit = time.monotonic() + SET_UP_SECONDS + _STOP_SECONDS
        while self.begin is None and self._process.poll() is None and time.monotonic() < limit:
            time.sleep(_POLL_SECONDS)
        if self.begin is None:
            self._process.kill()
            raise OperationFailed(f"the clients on {self.host} did not start: {self._complaint()}")

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def join(self, timeout: float) -> None:
        process, reader = self._process, self._reader
        if process is None or reader is None:
            raise OperationFailed("the workload was not started")
        reader.join(timeout=timeout)
        if reader.is_alive() or self.end is None or self._problem:
            process.kill()
            raise OperationFailed(f"the clients on {self.host} died or hang: {self._complaint()}")
        process.wait()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _complaint(self) -> str:
        if self._problem:
            return self._problem
        if self._process is None or self._process.stderr is None or self._process.poll() is None:
            return "they give no answer"
        return " / ".join(self._process.stderr.read().strip().splitlines()[-3:]) or "they printed nothing"

    def _collect(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                if line.startswith('{"begin"'):
                    self.begin = float(json.loads(line)["begin"])
                elif line.startswith('{"end"'):
                    self.end = float(json.loads(line)["end"])
                else:
                    self._history.add(line)
        except (HistoryError, ValueError) as error:
            self._problem = str(error)


class Workload:
    """One run, begun by `start` (or `with`) and ended by `stop`; then `judged` reads back.

    There are clients on each host of the place, and one history of all of them.
    """

    def __init__(
        self, transport: Transport, place: Place, *, clients: int = 4, rate: float = 10.0, deadline: float = 1.0
    ) -> None:
        """`clients` on each host; `rate` is writes a second of a client that inserts (others: half of it).

        `deadline` is of one write, in seconds.
        """
        self.place = place
        self._transport = transport
        self._run = new_run()
        self._settings = {"run": self._run, "clients": clients, "rate": rate, "deadline": deadline}
        self._clients = clients
        self._deadline = deadline
        self._history = History()
        self._programs = [_Clients(transport, host, self._history) for host in place.hosts]
        numbers = range(clients * len(place.hosts))
        self._targets = tuple(Target(f"{place.hosts[n // clients]} {n}: {part_of(n)}", url="") for n in numbers)

    def __enter__(self) -> Workload:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def kill(self) -> None:
        """Leave nothing running, after something else went wrong; no harm after `stop`."""
        for program in self._programs:
            program.kill()

    def start(self) -> None:
        """Make the tables and begin. Raises OperationFailed when the clients do not start, and Unreachable."""
        try:
            for number, program in enumerate(self._programs):
                first = number * self._clients
                program.start({"access": asdict(self.place.access), "first": first, **self._settings})
        except BaseException:
            self.kill()
            raise

    def stop(self) -> ProbeResult:
        """Begin no more, wait for the answers that are due, and give the figures. A second call gives the same."""
        for program in self._programs:
            program.ask_to_end()
        for program in self._programs:
            program.join(self._deadline + _STOP_SECONDS)
        return self._figures(min(program.end for program in self._programs if program.end is not None))

    def so_far(self) -> ProbeResult:
        """The figures until now, while the clients go on."""
        return self._figures(now())

    @property
    def writes(self) -> tuple[Write, ...]:
        """The history so far."""
        return self._history.writes()

    def writes_well(self, host: str | None = None) -> bool:
        """Whether a write of every client (on that host) was acknowledged within the last second."""
        since = now() - 1.0
        wanted = {number for number, target in enumerate(self._targets) if host in (None, target.name.split()[0])}
        fresh = {
            write.key.client
            for write in self.writes
            if write.outcome is Outcome.OK and write.ended is not None and write.ended > since
        }
        return wanted <= fresh

    def wait_until_good(self, timeout: float) -> None:
        """Return when every client writes well. Raises OperationFailed after `timeout` seconds."""
        limit = time.monotonic() + timeout
        while not self.writes_well():
            if time.monotonic() > limit:
                raise OperationFailed(f"not every client can write after {timeout:g} s:\n{self.so_far().table()}")
            time.sleep(_POLL_SECONDS)

    def judged(self, seconds: float = READ_SECONDS) -> Report:
        """Read back from the primary that is left, within `seconds`, and judge. Raises OperationFailed."""
        result = self.stop()
        found = self._survivor(seconds)
        return Report(result, judge(self.writes, found), found.host)

    def _survivor(self, seconds: float) -> Survivor:
        """Asked on the first host that gives an answer."""
        problems = []
        for host in self.place.hosts:
            about = {"access": asdict(self.place.access), "run": self._run, "seconds": seconds}
            asked = json.dumps(about).encode()
            argv = [PYTHON, "-m", "titanicarus.checker.survivor"]
            try:
                done = run(self._transport, host, argv, input=asked, timeout=seconds + _STOP_SECONDS)
                return Survivor.from_json(json.loads(done.stdout))
            except CommandFailed as error:
                problems.append(f"{host}: {error.stderr.strip() or error}")
            except (Unreachable, KeyError, TypeError, ValueError) as error:
                problems.append(f"{host}: what survived could not be read back: {error}")
        raise OperationFailed("\n".join(problems))

    def _figures(self, end: float) -> ProbeResult:
        begin = self._programs[-1].begin
        if begin is None:
            raise OperationFailed("the workload was not started")
        return figures(self._targets, [_answer(write, self._deadline, end) for write in self.writes], begin, end)


def _answer(write: Write, deadline: float, end: float) -> Answer:
    """A write as the figures have it: good when it was acknowledged in time."""
    ended = write.ended if write.ended is not None else max(end, write.began)
    wrong = None
    if write.outcome is not Outcome.OK:
        wrong = f"{write.outcome.value}: {write.wrong or 'no answer'}"
    elif ended - write.began > deadline:
        wrong = f"acknowledged after more than {deadline:g} s"
    return Answer(write.key.client, write.due, write.began, ended, wrong)


def rows_of(report: Report) -> tuple[Mapping[str, object], ...]:
    """One row for each epoch in which writes were acknowledged, for a table."""
    begin = report.figures.begin
    return tuple(
        {
            "epoch": tenure.epoch,
            "writes": tenure.writes,
            "first acknowledged": f"{tenure.first - begin:.2f}",
            "last begun": f"{tenure.last - begin:.2f}",
        }
        for tenure in report.verdict.tenures
    )

"""How long is a plan over a thousand zones, and how many calls does it take? Against a bare listing of the same zones.

The emulated account takes as many requests as it can answer here (rate 100,000): the real one takes five a second, so
there a plan takes at least its calls divided by five.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from fixtures.public_names import PILLAR  # noqa: E402
from fixtures.route53 import KEY, SECRET, client, settings  # noqa: E402

from route53_emulator.service import Service  # noqa: E402
from titanicarus.gslb import route53  # noqa: E402
from titanicarus.gslb.apply import apply, prepare  # noqa: E402
from titanicarus.gslb.desired import desired  # noqa: E402

ZONES, NAMES = 1000, 5  # two islands: ten records a zone


def main() -> None:
    """Print the figures."""
    route53.RATE = 100_000.0
    with (
        tempfile.TemporaryDirectory() as scratch,
        Service(settings(Path(scratch) / "state", rate=100_000.0)) as service,
    ):
        api = route53.Route53(_account(Path(scratch), service))
        zones = {f"z{n}.example": [f"w{m}.z{n}.example" for m in range(NAMES)] for n in range(ZONES)}
        wanted = desired({**PILLAR, "zones": zones})
        seconds, calls = _timed(api, lambda: apply(api, wanted))
        print(f"from nothing, {ZONES} zones of {2 * NAMES} records: {seconds:.1f} s, {calls} calls")
        plan_seconds, calls = _timed(api, lambda: prepare(api, wanted))
        print(
            f"a plan with nothing to do: {plan_seconds:.1f} s, {calls} calls; at five calls a second {calls / 5:.0f} s"
        )
        began = time.perf_counter()
        _list_all(client(service))
        bare = time.perf_counter() - began
        print(f"boto3 alone, listing the same: {bare:.1f} s; the plan takes {plan_seconds / bare:.2f} times that")


def _timed(api: route53.Route53, work: Any) -> tuple[float, int]:
    before, began = api.calls, time.perf_counter()
    work()
    return time.perf_counter() - began, api.calls - before


def _list_all(boto: Any) -> None:
    for page in boto.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            list(boto.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone["Id"]))


def _account(folder: Path, service: Service) -> Path:
    url = f"http://127.0.0.1:{service.api[1]}"
    text = f"[default]\nregion = us-east-1\nservices = here\n\n[services here]\nroute_53 =\n  endpoint_url = {url}\n"
    (folder / "config").write_text(text)
    (folder / "credentials").write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    return folder


if __name__ == "__main__":
    main()

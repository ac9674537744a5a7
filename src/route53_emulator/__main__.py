"""`python -m route53_emulator serve …` and `python -m route53_emulator ctl …`; docs/route53-emulator.md."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from route53_emulator.access import read_credentials, read_policy
from route53_emulator.admin import tell
from route53_emulator.service import Service, Settings


def main(arguments: list[str]) -> int:
    """Gives back the exit code."""
    options = _parser().parse_args(arguments)
    if options.command == "ctl":
        return _ctl(options)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings(
        state=options.state,
        api=options.api,
        dns=options.dns,
        credentials=read_credentials(options.credentials),
        vantage=options.vantage or ["127.0.0.1"],
        certificate=options.cert,
        key=options.key,
        admin=options.admin,
        insync=options.insync,
        rate=options.rate,
        policy=read_policy(options.policy) if options.policy else {},
        regions={network: tuple(near) for network, near in json.loads(options.regions).items()},
    )
    with Service(settings):
        _ready()
        stop.wait()
    return 0


def _ctl(options: argparse.Namespace) -> int:
    try:
        answer = tell(options.socket, " ".join(options.words))
    except OSError as error:
        print(f"no emulator listens at {options.socket}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2, sort_keys=True))
    return 1 if "error" in answer else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="route53_emulator", description="A strict emulator of Amazon Route53.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve an account until SIGTERM")
    serve.add_argument("--state", type=Path, required=True, help="folder of the account")
    serve.add_argument("--api", type=_address, default=("127.0.0.1", 4580), help="ADDRESS:PORT of the API")
    serve.add_argument("--cert", type=Path, help="certificate of the API (PEM); without it the API is plain HTTP")
    serve.add_argument("--key", type=Path, help="the certificate's key (PEM), when it is in a file of its own")
    serve.add_argument("--dns", type=_address, default=("127.0.0.1", 5300), help="ADDRESS:PORT of the name server")
    serve.add_argument("--credentials", type=Path, required=True, help="keys, as in ~/.aws/credentials")
    serve.add_argument("--policy", type=Path, help="JSON: operations that a key may call, by access key id")
    serve.add_argument("--vantage", action="append", help="an address that a health checker asks from; several times")
    serve.add_argument("--regions", default="{}", help="JSON: regions, nearest first, by the network of the resolver")
    serve.add_argument("--admin", type=Path, help="Unix socket for `ctl`")
    serve.add_argument("--insync", type=float, default=1.0, help="seconds until a change is in DNS and INSYNC")
    serve.add_argument("--rate", type=float, default=5.0, help="requests a second that the API takes")
    ctl = commands.add_parser("ctl", help="ask a running emulator, or turn parts of it off and on")
    ctl.add_argument("--socket", type=Path, required=True)
    ctl.add_argument("words", nargs="+", help="status, or: api|dns|checkers on|off")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} should be ADDRESS:PORT")
    return host, int(port)


def _ready() -> None:
    """Tell systemd (sd_notify) that everything listens."""
    place = os.environ.get("NOTIFY_SOCKET")
    if place:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + place[1:] if place.startswith("@") else place)
            notify.sendall(b"READY=1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

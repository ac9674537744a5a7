"""How fast is TCP through the tunnel between two islands of a running lab? Against the same two gateways without it."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "src"))

from titanicarus.cli.session import resume  # noqa: E402
from titanicarus.fleet import Role  # noqa: E402
from titanicarus.lab import CLIENT, Lab  # noqa: E402
from titanicarus.lab.plan import CLIENT_ADDRESS  # noqa: E402

SECONDS, PORT = 5, 4506
LISTEN = """
import socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("listening", flush=True)
peer, _ = server.accept()
total = 0
while said := peer.recv(1 << 18):
    total += len(said)
print(total, flush=True)
"""
SEND = """
import socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
end, block = time.monotonic() + float(sys.argv[3]), bytes(1 << 18)
while time.monotonic() < end:
    peer.sendall(block)
"""


def main() -> None:
    """Print the figures. A Salt master's port is what islands open to each other; its master is stopped meanwhile."""
    lab = resume(sys.argv[1] if len(sys.argv) > 1 else None).lab
    here, there = list(lab.fleet.islands)[:2]
    sender = lab.fleet.with_role(Role.CONTROL, here)[0]
    receiver = lab.fleet.with_role(Role.CONTROL, there)[-1]
    subprocess.run(lab.command(receiver.id, ["systemctl", "stop", "salt-master"]), check=True)
    try:
        tunnel = rate(lab, sender.id, receiver.id, receiver.lan)
    finally:
        subprocess.run(lab.command(receiver.id, ["systemctl", "start", "salt-master"]), check=True)
    bare = rate(lab, sender.id, CLIENT, CLIENT_ADDRESS)
    print(f"through the tunnel {tunnel:.0f} Mbit/s, through NAT without it {bare:.0f} Mbit/s: {tunnel / bare:.3f}")


def rate(lab: Lab, sender: str, receiver: str, address: IPv4Address) -> float:
    """Mbit/s from one host to another."""
    ear = subprocess.Popen(
        lab.command(receiver, ["python3", "-I", "-u", "-c", LISTEN, str(address), str(PORT)]),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ear.stdout is not None
    ear.stdout.readline()
    argv = ["python3", "-I", "-c", SEND, str(address), str(PORT), str(SECONDS)]
    subprocess.run(lab.command(sender, argv), check=True)
    total = int(ear.stdout.readline())
    ear.wait()
    return total * 8 / SECONDS / 1e6


if __name__ == "__main__":
    main()

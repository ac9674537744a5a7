"""Puts itself into control groups, cleans its environment and becomes another program.

Run as a script with `python -I -S launch.py [--join PROCS_FILE]... [--env NAME=VALUE]... [--keep-only DIRECTORY=ROOT]
-- ARGV`. With the last option it has a mount namespace of its own, and of all that is mounted below DIRECTORY only what
is at ROOT and below it. It imports nothing but the standard library and is the last thing between the lab and a
program, so it has to be quick.
"""

import os
import sys

USAGE_ERROR = 64
NOT_FOUND = 127


def main(arguments: list[str]) -> int:
    """Exec the program after `--`. Returns (an exit code) only when that was not possible."""
    environment: dict[str, str] = {}
    position = 0
    while position < len(arguments) and arguments[position] != "--":
        option, value = arguments[position], arguments[position + 1]
        if option == "--join":
            with open(value, "w", encoding="ascii") as processes:  # noqa: PTH123 (pathlib costs 10 ms here)
                processes.write("0")  # 0 is the writer itself
        elif option == "--env":
            name, _, content = value.partition("=")
            environment[name] = content
        elif option == "--keep-only":
            directory, _, root = value.partition("=")
            keep_only(directory, root)
        else:
            print(f"launch: unknown option {option}", file=sys.stderr)
            return USAGE_ERROR
        position += 2
    program = arguments[position + 1 :]
    try:
        os.execvpe(program[0], program, environment)  # noqa: S606 (no shell is the point)
    except OSError as error:
        print(f"launch: cannot run {program[0]}: {error.strerror}", file=sys.stderr)
    return NOT_FOUND


def keep_only(directory: str, root: str) -> None:
    """Hold no mount of another host.

    systemd-nspawn (252, in Debian 12) moves a host's root over the machine's and so keeps the machine's mounts, hidden,
    for as long as the host lives. The disk of a host that lost its power could then not be let go while any host lives
    that booted after it. Raises OSError.
    """
    import ctypes  # noqa: PLC0415 (10 ms that most programs need not pay)

    new_namespace, private, recursive, detach = 0x20000, 1 << 18, 1 << 14, 2  # sched.h, sys/mount.h
    libc = ctypes.CDLL(None, use_errno=True)

    def call(result: int, what: str) -> None:
        if result != 0:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")

    call(libc.unshare(new_namespace), "a mount namespace")
    call(libc.mount(None, b"/", None, private | recursive, None), "make mounts private")
    with open("/proc/self/mountinfo", "rb") as table:  # noqa: PTH123
        targets = [line.split()[4].decode("unicode_escape") for line in table]
    for target in reversed(targets):
        if f"{target}/".startswith(f"{directory}/") and not f"{target}/".startswith(f"{root}/"):
            call(libc.umount2(os.fsencode(target), detach), f"let go of {target}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

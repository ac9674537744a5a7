"""Puts itself into control groups, cleans its environment and becomes another program.

Run as a script with `python -I -S launch.py [--join PROCS_FILE]... [--env NAME=VALUE]... -- ARGV`. It imports
nothing but the standard library and is the last thing between the lab and a program, so it has to be quick.
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

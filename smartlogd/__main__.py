"""Where `smartlogd` and `python -m smartlogd` begin: errors become one sentence, a hint and an exit code."""

from __future__ import annotations

import os
import signal
import struct
import sys

from smartlogd.base.errors import Exit, SmartlogError


def main() -> None:
    """Run the command line and leave with its exit code."""
    left_with = code()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: a Ctrl-C while Python tidies up is no failure
    sys.exit(left_with)


def code() -> int:
    """Run the command line; what is expected to go wrong is told without a traceback."""
    try:
        refuse_32_bit(struct.calcsize("P") * 8, os.uname().machine)
        from smartlogd.cli.app import app

        app()
    except SmartlogError as error:
        print(f"smartlogd: {error.what}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return int(error.code)
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def refuse_32_bit(bits: int, machine: str) -> None:
    """Say no to a 32-bit system by its name: neither the models' runtime nor numpy is built for it.

    >>> refuse_32_bit(64, "aarch64")
    """
    if bits < 64:
        raise SmartlogError(
            f"This Python is {bits}-bit ({machine}), and smartlogd needs a 64-bit system.",
            "On a Raspberry Pi 3 or later, install the 64-bit edition of Raspberry Pi OS.",
            code=Exit.CONFIGURATION,
        )


if __name__ == "__main__":
    main()

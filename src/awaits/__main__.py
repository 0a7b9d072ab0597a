"""The command `awaits`, which is also `python -m awaits`."""

import sys

from awaits.checks import extra


def command_line() -> None:
    """Run `awaits` with this process's arguments, and exit.

    Raises:
        SystemExit: As for `cli.command_line`; 2 if the libraries of the command line are missing.
    """
    try:
        with extra("cli"):
            from awaits import cli  # noqa: PLC0415 an extra
    except ValueError as error:
        print(f"awaits: {error}", file=sys.stderr)
        sys.exit(2)
    cli.command_line()


if __name__ == "__main__":
    command_line()

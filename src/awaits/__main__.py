"""`python -m awaits`."""

from awaits.cli import command_line

command_line()

"""A library in which a private name has moved: it goes on working, under another name.

Run as a program before anything is imported: `python moved.py PACKAGE PATTERN COMMAND...`.
"""

import re
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType


class Moved(MetaPathFinder):
    """Has what a pattern finds in the source of a package end in `_moved`."""

    def __init__(self, package: str, pattern: str) -> None:
        self.package = package
        self.pattern = re.compile(pattern)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{self.package}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path, self.pattern)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, pattern: re.Pattern[str]) -> None:
        super().__init__(fullname, path)
        self._pattern = pattern

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 a protocol's
        source = self.get_data(self.path).decode()
        return compile(self._pattern.sub(r"\g<0>_moved", source), self.path, "exec")


if __name__ == "__main__":
    _, package, pattern, *sys.argv = sys.argv
    sys.meta_path.insert(0, Moved(package, pattern))
    runpy.run_path(sys.argv[0], run_name="__main__") if sys.argv[0].endswith(".py") else (
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    )

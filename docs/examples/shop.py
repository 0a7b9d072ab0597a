import time
from collections.abc import Callable


def asking(what: str) -> Callable[[int], None]:
    def ask(_number: int) -> None:
        time.sleep(len(what) / 100)  # a server takes its time

    return ask


ask = asking("price")

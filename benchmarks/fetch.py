"""What `awaits fetch` adds to bare httpx2, and what it keeps: `python -m benchmarks.fetch`.

The server is a process of its own, on loopback, and answers at once with 100 bytes, so that the
overhead shows as much as it can. Ratios are of the client's processor time: medians of alternating
pairs.
"""

import asyncio
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import httpx2

from awaits.fetch.many import fetch
from awaits.fetch.saved import saved_in

BACKENDS = ("asyncio", "trio")
N_URLS = 10_000
LIMIT = 100
PAIRS = 3
Run = Callable[[list[str]], Awaitable[None]]


class Answering(asyncio.Protocol):
    """Answers 100 bytes to each request; to /count, how many there were."""

    n_requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if data.startswith(b"GET /count "):
            body = str(Answering.n_requests).encode()
        else:
            Answering.n_requests += 1
            body = b"x" * 100
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1")
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Generator[str]:
    command = [sys.executable, "-m", "benchmarks.fetch", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def bare(urls: list[str]) -> None:
    """Do the same as directly as httpx2 and anyio allow."""
    room = anyio.Semaphore(LIMIT)
    limits = httpx2.Limits(max_keepalive_connections=LIMIT)

    async def call(url: str) -> None:
        response = await client.get(url)
        len(response.content)
        room.release()

    async with (
        httpx2.AsyncClient(timeout=10, limits=limits) as client,
        anyio.create_task_group() as calls,
    ):
        for url in urls:
            await room.acquire()
            calls.start_soon(call, url)


async def fetched(urls: list[str]) -> None:
    summary = await fetch(urls, limit=LIMIT, report=lambda _: None)
    assert summary.n_failed == 0


async def fetched_and_saved(urls: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with saved_in(Path(folder) / "calls.db") as saved:
            await fetch(urls, limit=LIMIT, report=lambda _: None, saved=saved)


def seconds(run: Run, urls: list[str], backend: str) -> float:
    before = time.process_time()  # includes its threads, but nothing else that the machine does
    anyio.run(run, urls, backend=backend)
    return time.process_time() - before


def peak_kilobytes(run: str, url: str, n_urls: int, backend: str) -> int:
    code = f"from benchmarks.fetch import *; print_peak({run}, {url!r}, {n_urls}, {backend!r})"
    printed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return int(printed.stdout)


def print_peak(run: Run, url: str, n_urls: int, backend: str) -> None:
    seconds(run, [f"{url}/{n}" for n in range(n_urls)], backend)
    # Not `ru_maxrss`, which begins with the size of the parent process.
    status = Path("/proc/self/status").read_text()
    print(*re.findall(r"VmHWM:\s+(\d+) kB", status))


def killed_halfway(url: str, backend: str) -> None:
    def n_requests() -> int:
        with urllib.request.urlopen(f"{url}/count") as response:  # noqa: S310 it is ours
            return int(response.read())

    with tempfile.TemporaryDirectory() as folder:
        urls, file = Path(folder, "urls.txt"), Path(folder, "calls.db")
        urls.write_text("".join(f"{url}/{n}\n" for n in range(N_URLS)))
        command = [sys.executable, "-m", "awaits", "fetch", f"--file={urls}", f"--save={file}"]
        command += [f"--limit={LIMIT}", f"--backend={backend}"]
        before = n_requests()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(N_URLS // 2)]
            process.kill()
            lines += [line for line in process.stdout if line.endswith("\n")]
        with closing(sqlite3.connect(file)) as connection:
            n_saved: int = connection.execute("SELECT count(*) FROM calls").fetchone()[0]
            n_lines_saved = sum(
                connection.execute(
                    "SELECT count(*) FROM calls WHERE url = ?", [line.split("\t")[4].strip()]
                ).fetchone()[0]
                for line in lines
            )
        between = n_requests()
        summary = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(
            f"  {backend:8} {len(lines)} lines printed, {n_lines_saved} of them saved, "
            f"{n_saved} rows; the server was asked {between - before} times.\n"
            f"  {'':8} Again: asked {n_requests() - between} times; {summary.splitlines()[-1]}"
        )


def benchmark() -> None:
    with served() as url:
        print(f"killed with -9 after {N_URLS // 2:,} of {N_URLS:,} lines, and run again")
        for backend in BACKENDS:
            killed_halfway(url, backend)

        print("peak memory in kB, for 1,000 and 10,000 URLs")
        for backend in BACKENDS:
            for name in ("bare", "fetched", "fetched_and_saved"):
                small, large = (peak_kilobytes(name, url, n, backend) for n in (1_000, 10_000))
                print(f"  {backend:8} {name:18} {small} {large} {large / small:.3f}", flush=True)

        urls = [f"{url}/{n}" for n in range(N_URLS)]
        print(f"{N_URLS:,} URLs at limit {LIMIT}, over the same loop in bare httpx2")
        for backend in BACKENDS:
            for name, run in (("fetch", fetched), ("fetch, saved", fetched_and_saved)):
                ratios = [
                    seconds(run, urls, backend) / seconds(bare, urls, backend) for _ in range(PAIRS)
                ]
                print(f"  {backend:8} {name:13} {statistics.median(ratios):.2f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        benchmark()

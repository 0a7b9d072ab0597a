"""The site in a real browser: for everybody, by keyboard, found by the words of its users."""

import functools
import importlib.metadata
import os
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.site.pages import Page as Read

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, ViewportSize

pytestmark = pytest.mark.slow

PHONE: "ViewportSize" = {"width": 390, "height": 844}
DESK: "ViewportSize" = {"width": 1280, "height": 900}
# One of each kind: a browser takes minutes for all, which AWAITS_SITE=all asks for.
SAMPLE = [
    "404.html", "api.html", "catalogue/lost_update.html", "coming-from/looptime.html",
    "how-to/flaky.html", "index.html", "reference.html", "tutorial/race.html", "wild.html",
]  # fmt: skip
SEARCHES = {
    "slow": "how-to/slow.html",
    "trio ci": "how-to/trio-in-ci.html",
    "flaky": "how-to/flaky.html",
    "race": "how-to/flaky.html",
    "DeadlockError": "how-to/deadlock.html",
    "hang": "how-to/hangs.html",
    "hangs": "how-to/hangs.html",
    "forgotten await": "how-to/forgotten-await.html",
    "cancellation": "how-to/cancellation.html",
    "timeouts": "how-to/timeouts.html",
    "retries": "how-to/timeouts.html",
    "explore suite": "how-to/explore-a-suite.html",
    "looptime": "coming-from/looptime.html",
    "MockClock": "coming-from/mockclock.html",
    "freezegun": "coming-from/freezegun.html",
    "time-machine": "coming-from/freezegun.html",
    "pytest-asyncio": "coming-from/pytest-asyncio.html",
    "async-solipsism": "coming-from/async-solipsism.html",
    "detangle": "coming-from/detangle.html",
    "frontrun": "coming-from/frontrun.html",
    "migrate": "coming-from/index.html",
    "markers": "reference.html",
    "install": "install.html",
}


class Handler(SimpleHTTPRequestHandler):
    """A web server as GitHub's: what there is not is answered with the 404 page."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 its name
        pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != 404:
            return super().send_error(code, message, explain)
        body = Path(self.directory, "awaits", "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return None


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the site below the path of its address."""
    folder = tmp_path_factory.mktemp("served")
    folder.joinpath("awaits").symlink_to(site)
    handler = functools.partial(Handler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/awaits/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed.")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("There is no chromium here; on Debian, `apt-get install chromium`.")
    with sync_api.sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    page = browser.new_page(viewport=DESK)
    yield page
    page.close()


def violations(page: "Page", rules: list[str]) -> list[str]:
    """Return what axe finds wrong with the page as it is shown; by all of its rules, or by some."""
    found: list[dict[str, object]] = page.evaluate(
        "async rules => (await axe.run(document, {resultTypes: ['violations'], "
        "...(rules.length ? {runOnly: rules} : {})})).violations.map("
        "it => ({id: it.id, where: it.nodes.map(node => node.target.join(' ')).slice(0, 3)}))",
        rules,
    )
    return [f"{it['id']}: {it['where']}" for it in found]


def chosen(pages: dict[str, Read]) -> list[str]:
    """Return the names of the pages to look at."""
    return list(pages) if os.environ.get("AWAITS_SITE") == "all" else SAMPLE


def axe() -> str:
    files = importlib.metadata.files("axe-playwright-python") or []
    (script,) = (file for file in files if file.name == "axe.min.js")
    return script.read_text()


@pytest.mark.parametrize("scheme", ["default", "slate"])
def test_axe_finds_nothing_wrong_with_any_page(
    pages: dict[str, Read], address: str, page: "Page", scheme: str
) -> None:
    script = axe()
    page.emulate_media(color_scheme="dark" if scheme == "slate" else "light")
    wrong: list[str] = []
    for name in chosen(pages):
        page.set_viewport_size(DESK)
        page.goto(address + name)
        assert page.locator("body").get_attribute("data-md-color-scheme") == scheme
        page.evaluate(script)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            page.wait_for_timeout(100)
            # In the dark, and on a phone, only the colours and the widths differ.
            rules = [] if size is DESK and scheme == "default" else ["color-contrast"]
            wrong += [f"{name} at {size['width']}: {it}" for it in violations(page, rules)]
            wide: int = page.evaluate("document.documentElement.scrollWidth")
            if wide > size["width"]:
                wrong.append(f"{name} at {size['width']}: {wide} wide")
    assert not wrong, "\n".join(wrong)


def answers_to(page: "Page") -> list["Response"]:
    """Return the list of what the page is answered, which grows."""
    answers: list[Response] = []

    def answered(response: "Response") -> None:
        answers.append(response)

    page.on("response", answered)
    return answers


def test_no_page_asks_another_host_or_weighs_too_much(
    pages: dict[str, Read], address: str, browser: "Browser"
) -> None:
    for name in chosen(pages):
        context = browser.new_context(viewport=DESK)
        page = context.new_page()
        answers = answers_to(page)
        page.goto(address + name, wait_until="networkidle")
        assert {urlsplit(it.url).netloc for it in answers} == {urlsplit(address).netloc}, name
        weight = sum(len(it.body()) for it in answers if it.ok and "/search/" not in it.url)
        assert weight < 600_000, f"{name}: {weight:,} bytes"
        context.close()


@pytest.mark.parametrize("words", SEARCHES)
def test_search_gives_the_right_page_first(address: str, page: "Page", words: str) -> None:
    from playwright.sync_api import expect  # noqa: PLC0415 not everybody has it

    page.goto(address)
    page.keyboard.press("/")
    page.keyboard.type(words)
    first = page.locator(".md-search-result__item a").first
    wanted = re.compile(re.escape(urlsplit(address).path + SEARCHES[words]) + "([?#]|$)")
    # What is found changes until the last letter has been looked for.
    expect(first).to_have_attribute("href", wanted, timeout=30_000)


def test_the_keyboard_alone_is_enough(address: str, page: "Page") -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
    page.keyboard.press("/")
    page.keyboard.type("flaky")
    page.locator(".md-search-result__item a").first.wait_for()
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/how-to/flaky.html*")


def test_a_console_block_copies_its_commands_alone(address: str, browser: "Browser") -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address + "tutorial/hello.html")
    page.locator(".language-console").nth(1).hover()
    page.locator(".language-console button").nth(1).click()
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "pytest -v --anyio-backends=asyncio,trio test_hello.py"


def test_a_page_that_there_is_not_shows_the_way_on(address: str, page: "Page") -> None:
    page.goto(address + "no/such/page.html")
    page.get_by_role("link", name="My test is flaky, I suspect a race").first.click()
    page.wait_for_url("**/awaits/how-to/flaky.html")

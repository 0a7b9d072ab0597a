"""The picture that others show beside a link to the site."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from docs.made.pictures import rectangle, svg, text


def write_card(folder: Path) -> None:
    """Write card.png, by the browser; without one, leave the card as it is.

    Args:
        folder: Where to write it.
    """
    browser = shutil.which("chromium")
    if browser is None:
        return
    parts = [
        rectangle(0, 0, 1200, 630, "#303f9f"),
        text(80, 190, "awaits", "#ffffff", size=120, mono=True),
        text(80, 320, "Test async Python, on asyncio and trio:", "#ffffff", size=50),
        text(80, 400, "at once, in every order of its tasks,", "#ffffff", size=50),
        text(80, 480, "on the event loop that it says.", "#ffffff", size=50),
        text(
            80,
            570,
            "pytest --virtual-time --explore --anyio-backends",
            "#c5cae9",
            size=34,
            mono=True,
        ),
    ]
    with tempfile.TemporaryDirectory() as name:
        page = Path(name, "card.html")
        page.write_text(f'<body style="margin:0">{svg(1200, 630, "awaits", parts)}</body>')
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1200,630"]
        picture = f"--screenshot={folder / 'card.png'}"
        subprocess.run([browser, *options, picture, page.as_uri()], check=True, capture_output=True)

"""Run a command while a server answers; `URL` in the command becomes the server's address."""

import contextlib
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

with Path("server.log").open("w") as log, contextlib.redirect_stderr(log):
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    code = subprocess.call([word.replace("URL", url) for word in sys.argv[1:]])
sys.exit(code)

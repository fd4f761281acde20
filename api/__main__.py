"""`python -m api`: serve the API, on an address or on a socket that a parent has opened."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
import threading

from api.app import create_app
from api.server import ApiServer
from api.settings import Settings
from api.store import load_settings
from api.store.logs import configure_logging
from tinynas.errors import TinynasError


def main() -> int:
    """Serve until a signal; exit code as the command line's."""
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--socket", type=int, metavar="FD", help="a listening socket to serve on")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin is closed")
    options = parser.parse_args()
    try:
        settings = load_settings(Settings, host=options.host, port=options.port)
        # A parent's terminal shows jobs; on its own, a server says what it is asked.
        level = logging.WARNING if options.with_parent else logging.INFO
        configure_logging(settings.log_format, level)
        app = create_app(settings)
    except TinynasError as error:
        sys.stderr.write(f"error: {error.message}\n")
        return error.exit_code
    server = ApiServer(app, host=settings.host, port=settings.port)
    if options.with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    sockets = None if options.socket is None else [socket.socket(fileno=options.socket)]
    server.run(sockets=sockets)
    return 0 if server.started else 1


def _end_with_parent(server: ApiServer) -> None:
    """Nothing is ever written to stdin: it ends when the parent does, whatever ended it."""
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())

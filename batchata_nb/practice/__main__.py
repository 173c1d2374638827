"""Run the practice server by itself: `python -m batchata_nb.practice --port 8765 --state folder --seconds 4`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading

from .server import PracticeServer


def main() -> None:
    """Serve until interrupted; the first line printed is the URL."""
    parser = argparse.ArgumentParser(prog="python -m batchata_nb.practice", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port; any free one if left out")
    parser.add_argument("--state", default=".batchata/practice", help="folder that holds batches, files and results")
    parser.add_argument("--seconds", type=float, default=4.0, help="how long a batch takes")
    options = parser.parse_args()
    with PracticeServer(options.state, seconds=options.seconds, port=options.port) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()

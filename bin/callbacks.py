#!/usr/bin/env python3
"""callbacks: takes in, for `execute`, the news that a run on another box is over.

Reads: POST /callbacks/<run>, signed with that box's token in secrets/boxes/. Writes: run/callback.json of
the task, which wakes whoever waits for the run; what came of it is asked of that box. A lost or doubled one
does no harm. Listens on the sockets that systemd gives it, else on 127.0.0.1:8766 or --listen. Exit codes:
0 stopped, 78 the configuration is wrong.
"""

import _here  # noqa: F401

import sys

from skazano.tooler import serve

if __name__ == "__main__":
    sys.exit(serve.callbacks())

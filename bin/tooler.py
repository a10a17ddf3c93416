#!/usr/bin/env python3
"""tooler: runs the tools of this box's projects for the `execute` of another box, over HTTP.

Reads: requests with the bearer token in secrets/tooler. Writes: state/tooler/ in the spool; the projects'
folders through their tools, and git. Guarantee: the same task and attempt is one run, whatever is cut off or
restarted; a run outlives this process and is found again. Listens on the sockets that systemd gives it, else
on 127.0.0.1:8765 or --listen; TLS is the web server's in front. Exit codes: 0 stopped, 78 the configuration
is wrong.
"""

import _here  # noqa: F401

import sys

from skazano.tooler import serve

if __name__ == "__main__":
    sys.exit(serve.tooler())

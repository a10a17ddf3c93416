"""Import path and interpreter of the programs in bin/: imported first by each of them.

Started as a program, a stage runs in the environment of its own tree (`.venv`, or `venv` where it is
installed), whichever Python started it, and finds `skazano` in lib/. bin/ itself leaves the import path,
so that a stage called index.py or render.py never stands in for a library of that name.
Imported from elsewhere, by a test for instance, nothing is touched. Only os and sys: this runs twice.
"""

import os
import sys

BIN = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(BIN)


def _venv():
    """The tree's own environment, or None."""
    for name in (".venv", "venv"):
        if os.path.exists(os.path.join(ROOT, name, "bin", "python")):
            return os.path.join(ROOT, name)
    return None


def _enter(venv, script):
    """Start again with that environment's Python. The -X option marks it, and is not inherited."""
    if "skazano" in sys._xoptions:
        sys.exit(f"{script}: {venv} is broken: remove it and run ./install.sh setup in {ROOT}")
    python = os.path.join(venv, "bin", "python")
    os.execv(python, [python, "-X", "skazano", script, *sys.argv[1:]])


def _start():
    script = getattr(sys.modules["__main__"], "__file__", None)
    if script is None or os.path.dirname(os.path.realpath(script)) != BIN:
        return
    venv = _venv()
    if venv is None:
        sys.exit(f"{script}: no Python environment yet: run ./install.sh setup first, in {ROOT}")
    if os.path.realpath(sys.prefix) != os.path.realpath(venv):
        _enter(venv, script)
    sys.path[:] = [p for p in sys.path if os.path.realpath(p) != BIN]
    sys.path.insert(0, os.path.join(ROOT, "lib"))


_start()

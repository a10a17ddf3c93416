"""What this processor can do, as far as the choice of a speech engine depends on it."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def cpuinfo() -> str:
    """The text of /proc/cpuinfo; "" where there is none."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def processor() -> str:
    """The processor's name and abilities: the same text for machines that compute equally fast."""
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in cpuinfo().splitlines() if line.startswith(wanted)}))


def has_bfloat16() -> bool:
    """True if bfloat16 is computed by the processor and not emulated."""
    return any(flag in cpuinfo() for flag in (" avx512_bf16", " amx_bf16"))


def saturates() -> bool:
    """True where sums of two 8-bit products saturate at 16 bits: x86 with AVX2 but without VNNI.

    There onnxruntime is right only with weights of 7 bits.
    """
    return " avx2" in cpuinfo() and "_vnni" not in cpuinfo()

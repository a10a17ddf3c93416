"""Speech models that can be downloaded: where from, how big, which checksum; and the download.

A download goes on where it was cut off, is checked, and only then takes the model's name: half a
file, or half a directory, is never seen by whoever looks for models.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from skazano.files import fsync_dir, write_file

CHUNK = 1 << 18  # bytes
TIMEOUT = 30.0  # seconds without a byte
PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds before each further try; progress starts them afresh
LOCAL_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
SBER = "https://cdn.chatwm.opensmodel.sberdevices.ru/GigaAM"
# onnx-asr's own exports of GigaAM v3 (MIT), at a fixed revision.
V3 = "https://huggingface.co/istupakov/gigaam-v3-onnx/resolve/322c3b29492673eb7d0b434bfa9dfb8653e34d02"
V3_CONFIG = {"model_type": "gigaam", "version": "v3", "features_size": 64, "subsampling_factor": 4}

Progress = Callable[[str, int, int | None], None]


class DownloadError(Exception):
    """A model could not be fetched; one line that says why. What came so far is kept."""


@dataclass(frozen=True)
class RemoteFile:
    """A file to fetch: bytes, if known, and its checksum as "md5:…" or "sha256:…", "" if unknown."""

    name: str
    url: str
    checksum: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Model:
    """A speech model. kind: "gigaam" (a checkpoint for torch), "onnx" (a directory) or "silero" (a voice).

    texts: small files written beside the fetched ones.
    """

    name: str
    title: str
    kind: str
    files: tuple[RemoteFile, ...]
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int | None:
        """Bytes of all files; None if that is not known."""
        sizes = [f.size for f in self.files]
        return None if None in sizes else sum(s for s in sizes if s)

    def path(self, root: Path) -> Path:
        """Where it lies below the models directory once it is complete."""
        if self.kind == "onnx":
            return root / "onnx" / self.name
        return root / self.kind / self.files[0].name


# Silero publishes no checksums: that it all came is seen by the archive's directory, which is its end.
SILERO = RemoteFile("v5_5_ru.pt", "https://models.silero.ai/models/tts/ru/v5_5_ru.pt", "zip:")


def _checkpoint(name: str, title: str, md5: str) -> Model:
    url = f"{SBER}/{name}.ckpt"
    return Model(name, title, "gigaam", (RemoteFile(f"{name}.ckpt", url, f"md5:{md5}"),))


def _v3(name: str, title: str, *files: tuple[str, int, str]) -> Model:
    fetched = tuple(RemoteFile(n, f"{V3}/{n}", f"sha256:{s}" if s else "", size) for n, size, s in files)
    return Model(name, title, "onnx", fetched, {"config.json": json.dumps(V3_CONFIG) + "\n"})


MODELS = {
    model.name: model
    for model in (
        _checkpoint("v2_ctc", "GigaAM v2 CTC, torch", "e00f59cb5d39624fb30d1786044795bf"),
        _checkpoint("v2_rnnt", "GigaAM v2 RNN-T, torch", "547460139acfebd842323f59ed54ab54"),
        _v3(
            "v3_ctc",
            "GigaAM v3 CTC, ONNX int8",
            (
                "v3_ctc.int8.onnx",
                224_721_181,
                "ceb61454e2e1a2dec5872cbac1de0fe0a4271d1148f6b26b5bda53ff30a12acd",
            ),
            ("v3_vocab.txt", 198, "a9143c30844d3c0bee3e9e927e4084774eb1b9eeaafc473b2c4521e4911a7c07"),
        ),
        _v3(
            "v3_e2e_ctc",
            "GigaAM v3 CTC with punctuation, ONNX int8",
            (
                "v3_e2e_ctc.int8.onnx",
                224_893_347,
                "2e3fcb7a7b66030336fd10c2fcfb033bd1dc7e1bf238fe5cfd83b1d0cfc9d28e",
            ),
            (
                "v3_e2e_ctc_vocab.txt",
                2_007,
                "142de7570b3de5b3035ce111a89c228e80e6085273731d944093ddf24fa539cd",
            ),
        ),
        _v3(
            "v3_e2e_rnnt",
            "GigaAM v3 RNN-T with punctuation, ONNX int8",
            (
                "v3_e2e_rnnt_encoder.int8.onnx",
                224_570_477,
                "4e0e076a6076cd110277e529b8ac8f32cd5297f7fbebad5341ae8ddb7d00817b",
            ),
            (
                "v3_e2e_rnnt_decoder.int8.onnx",
                1_159_170,
                "89014e134865615b91e037157e46e389b1271e6072460efc010ea08e61e23146",
            ),
            (
                "v3_e2e_rnnt_joint.int8.onnx",
                687_791,
                "ade116563dbf66e503b0994efab6b5861412743e52bf31c39fc3fffa3783d5d1",
            ),
            ("v3_e2e_rnnt_vocab.txt", 13_354, ""),
        ),
        Model("silero", "Silero's Russian voices, CC BY-NC: not for commercial use", "silero", (SILERO,)),
    )
}


def models_dir(configured: str = "") -> Path:
    """Where models lie: as configured, else skazano/models in the user's cache."""
    if configured:
        return Path(configured).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "skazano" / "models"


def silero_file(root: Path) -> str:
    """The newest of Silero's model files below the models directory; "" if there is none."""
    found = max((root / "silero").glob("v*_ru.pt"), key=lambda file: file.name, default=None)
    return str(found) if found else ""


def download(
    model: Model,
    root: Path,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch `model` into the models directory `root`; returns where it lies, at once if it is there.

    progress(file, bytes so far, bytes in all or None) is called about four times a megabyte. Raises
    DownloadError, OSError.
    """
    target = model.path(root)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    if model.kind != "onnx":
        part = target.with_name(f".{target.name}.part")
        _fetch(model.files[0], part, progress, sleep)
        part.rename(target)
    else:
        work = target.with_name(f".{target.name}.part")
        work.mkdir(exist_ok=True)
        for file in model.files:
            if not (work / file.name).exists():
                part = work / f".{file.name}.part"
                _fetch(file, part, progress, sleep)
                part.rename(work / file.name)
        for name, text in model.texts.items():
            write_file(work / name, text)
        fsync_dir(work)
        work.chmod(0o755)
        work.rename(target)
    fsync_dir(target.parent)
    return target


def _fetch(
    file: RemoteFile, part: Path, progress: Progress | None, sleep: Callable[[float], None]
) -> None:
    """Bring `part` to the file's full and right content, trying again while there is hope."""
    fresh = not part.exists()
    tries = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _continue(file, part, progress)
            break
        except (OSError, http.client.HTTPException) as exc:
            reason = _refusal(exc)
            if reason:
                raise DownloadError(f"{file.url}: {reason}") from exc
            grown = part.exists() and part.stat().st_size > before
            tries = 0 if grown else tries + 1
            if tries >= len(PATIENCE):
                raise DownloadError(f"{file.url}: {exc or type(exc).__name__}") from exc
            sleep(PATIENCE[tries])
    if _is_right(file, part):
        return
    part.unlink()
    if fresh:
        raise DownloadError(f"{file.url}: not the file that is expected (its checksum differs)")
    _fetch(file, part, progress, sleep)  # the old half may have been of another version


def _refusal(exc: Exception) -> str:
    """Why trying again is pointless; "" if it is not."""
    if isinstance(exc, urllib.error.HTTPError):
        refused = 400 <= exc.code < 500 and exc.code not in (408, 416, 429)
        return f"the server answers {exc.code}" if refused else ""
    local = isinstance(exc, OSError) and not isinstance(exc, urllib.error.URLError)
    return str(exc) if local and getattr(exc, "errno", None) in LOCAL_TROUBLE else ""


def _continue(file: RemoteFile, part: Path, progress: Progress | None) -> None:
    """One request for what is still missing. Raises OSError, HTTPException; what came is kept."""
    have = part.stat().st_size if part.exists() else 0
    if file.size is not None and have == file.size:
        return
    headers = {"User-Agent": "skazano", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(file.url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as exc:
        if exc.code != 416 or not have:
            raise
        exc.close()
        if _total(exc.headers.get("Content-Range")) != have:
            part.unlink()
            raise ConnectionError("what was fetched before does not fit") from exc
        return
    with response:
        resumed = response.status == 206
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else file.size
        _check_space(part, (total or 0) - have)
        with part.open("ab" if resumed else "wb") as out:
            while data := response.read(CHUNK):
                out.write(data)
                have += len(data)
                if progress is not None:
                    progress(file.name, have, total)
            out.flush()
            os.fsync(out.fileno())
    if total is not None and have < total:
        raise ConnectionError(f"cut off after {have} of {total} bytes")


def _total(content_range: str | None) -> int | None:
    """The number after the slash of "bytes */1234"."""
    text = (content_range or "").rpartition("/")[2]
    return int(text) if text.isdigit() else None


def _check_space(part: Path, missing: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        need = f"{missing / 1e6:.0f} MB are needed in {part.parent}, {free / 1e6:.0f} MB are free"
        raise DownloadError(need)


def _is_right(file: RemoteFile, part: Path) -> bool:
    if file.size is not None and part.stat().st_size != file.size:
        return False
    kind, _, expected = file.checksum.partition(":")
    if kind == "zip":
        return zipfile.is_zipfile(part)
    if not expected:
        return True
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.new(kind, usedforsecurity=False))
    return found.hexdigest() == expected

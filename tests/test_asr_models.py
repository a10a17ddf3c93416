"""Downloading models from a real HTTP server that cuts, refuses and lies."""

import hashlib
import io
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skazano.speech import asr_choice, models
from skazano.speech.models import MODELS, DownloadError, Model, RemoteFile, download, silero_file

CONTENT = bytes(i * 7 % 251 for i in range(700_000))
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


class Server:
    """Serves CONTENT; `cuts` says after how many bytes each of the next answers breaks off."""

    def __init__(self):
        self.cuts = []
        self.ranges = []
        self.status = None
        self.with_ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/model"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.ranges.append(wanted)
        if self.status:
            request.send_error(self.status)
            return
        start = int(wanted[6:-1]) if wanted and self.with_ranges else 0
        if start >= len(CONTENT):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if wanted and self.with_ranges else 200)
        request.send_header("Content-Length", str(len(CONTENT) - start))
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else len(CONTENT)
        request.wfile.write(CONTENT[start : start + cut])
        if cut < len(CONTENT) - start:
            request.close_connection = True


@pytest.fixture
def server():
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def checkpoint(server, checksum=MD5, size=None):
    return Model("v2_ctc", "", "gigaam", (RemoteFile("v2_ctc.ckpt", server.url, checksum, size),))


def fetch(model, root, **more):
    naps = []
    return download(model, root, sleep=naps.append, **more), naps


def test_a_whole_download_with_progress(server, tmp_path):
    seen = []
    path, naps = fetch(checkpoint(server), tmp_path, progress=lambda *what: seen.append(what))
    assert path == tmp_path / "gigaam" / "v2_ctc.ckpt"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("v2_ctc.ckpt", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert naps == []
    assert fetch(checkpoint(server), tmp_path)[0] == path
    assert len(server.ranges) == 1


def test_cut_connections_are_continued(server, tmp_path):
    server.cuts = [300_000, 10, 0, 200_000]
    path, naps = fetch(checkpoint(server), tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-", "bytes=300010-", "bytes=300010-", "bytes=500010-"]
    assert len(naps) == 4


def test_a_later_run_goes_on_from_what_is_there(server, tmp_path):
    part = tmp_path / "gigaam" / ".v2_ctc.ckpt.part"
    part.parent.mkdir()
    for have, expected in ((400_000, "bytes=400000-"), (len(CONTENT), f"bytes={len(CONTENT)}-")):
        part.write_bytes(CONTENT[:have])
        path, _ = fetch(checkpoint(server), tmp_path)
        assert path.read_bytes() == CONTENT
        assert server.ranges[-1] == expected
        path.unlink()


def test_half_a_download_is_no_model(server, tmp_path):
    server.cuts = [100_000] + [0] * 99
    with pytest.raises(DownloadError, match=r"cut off|IncompleteRead|closed"):
        fetch(checkpoint(server), tmp_path)
    assert (tmp_path / "gigaam" / ".v2_ctc.ckpt.part").stat().st_size == 100_000
    assert {c.model for c in asr_choice.candidates(tmp_path)} == {"demo"}


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.with_ranges = False
    server.cuts = [100_000]
    path, _ = fetch(checkpoint(server), tmp_path)
    assert path.read_bytes() == CONTENT


def test_an_old_half_of_another_file_is_thrown_away(server, tmp_path):
    part = tmp_path / "gigaam" / ".v2_ctc.ckpt.part"
    part.parent.mkdir()
    for rubbish in (b"x" * 1000, b"x" * (len(CONTENT) + 5)):
        part.write_bytes(rubbish)
        path, _ = fetch(checkpoint(server), tmp_path)
        assert path.read_bytes() == CONTENT
        path.unlink()


@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_wrong_checksum_is_never_kept(server, tmp_path, size):
    wrong = "sha256:" + "0" * 64
    with pytest.raises(DownloadError, match="checksum"):
        fetch(checkpoint(server, wrong, size), tmp_path)
    assert not any((tmp_path / "gigaam").iterdir())
    assert len(server.ranges) == 1


def test_a_refusal_is_not_asked_again(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match="404"):
        fetch(checkpoint(server), tmp_path)
    assert len(server.ranges) == 1


def test_trouble_at_the_server_is_waited_out(server, tmp_path):
    server.status = 503
    with pytest.raises(DownloadError, match="503"):
        fetch(checkpoint(server), tmp_path)
    assert len(server.ranges) == len(models.PATIENCE)


def test_no_network(tmp_path):
    model = Model("x", "", "gigaam", (RemoteFile("x.ckpt", "http://127.0.0.1:9/x"),))
    with pytest.raises(DownloadError, match="refused"):
        fetch(model, tmp_path)


def test_too_little_room_is_said_before_it_is_full(server, tmp_path, monkeypatch):
    class Usage:
        free = 1000

    monkeypatch.setattr(models.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(DownloadError, match="are needed"):
        fetch(checkpoint(server), tmp_path)


def test_a_directory_appears_whole(server, tmp_path):
    files = tuple(RemoteFile(n, server.url, MD5, len(CONTENT)) for n in ("v3_ctc.int8.onnx", "v3_vocab.txt"))
    model = Model("v3_ctc", "", "onnx", files, {"config.json": "{}\n"})
    server.cuts = [700_000, *[0] * 99]
    with pytest.raises(DownloadError):
        fetch(model, tmp_path)
    assert "v3_ctc" not in {c.model for c in asr_choice.candidates(tmp_path)}
    server.cuts = []
    before = len(server.ranges)
    path, _ = fetch(model, tmp_path)
    assert len(server.ranges) == before + 1
    assert sorted(p.name for p in path.iterdir()) == ["config.json", "v3_ctc.int8.onnx", "v3_vocab.txt"]
    assert [c.engine for c in asr_choice.candidates(tmp_path) if c.model == "v3_ctc"] == ["onnx-int8"]


def test_the_registry_is_sound(tmp_path):
    for name, model in MODELS.items():
        assert model.name == name
        assert model.path(tmp_path).is_relative_to(tmp_path)
        for file in model.files:
            assert file.url.startswith("https://")
            kind, _, digest = file.checksum.partition(":")
            assert (kind, len(digest)) in {("md5", 32), ("sha256", 64), ("zip", 0), ("", 0)}
            assert "/" not in file.name
    assert MODELS["v3_ctc"].size == 224_721_379
    assert MODELS["v2_ctc"].size is None


def test_a_voice_that_came_whole_is_known_by_the_end_of_its_archive(server, tmp_path, monkeypatch):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("model/data", bytes(1000))
    voice = Model("silero", "", "silero", (RemoteFile("v5_5_ru.pt", server.url, "zip:"),))
    with pytest.raises(DownloadError, match="not the file"):
        download(voice, tmp_path)
    assert silero_file(tmp_path) == ""
    monkeypatch.setattr(sys.modules[__name__], "CONTENT", stream.getvalue())
    path = download(voice, tmp_path)
    assert silero_file(tmp_path) == str(path) == str(tmp_path / "silero" / "v5_5_ru.pt")

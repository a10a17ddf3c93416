"""Any audio a person can send, made by the real ffmpeg and libsndfile."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skazano.speech import audio
from skazano.speech.audio import Audio, AudioError, blocks, decode

VOICES = Path(__file__).parent / "voices"
NOTE = VOICES / "02-request-note.oga"
SECONDS = 4.48

FORMATS = {
    "note.mp3": ["-b:a", "64k"],
    "note.m4a": ["-c:a", "aac"],
    "note.webm": ["-c:a", "libopus"],
    "note.flac": [],
    "8k.wav": ["-ar", "8000"],
    "44k-stereo.wav": ["-ar", "44100", "-ac", "2"],
    "192k-stereo.wav": ["-ar", "192000", "-ac", "2"],
    "float.wav": ["-c:a", "pcm_f32le"],
    "vorbis.ogg": ["-c:a", "libvorbis"],
    "adts.aac": ["-c:a", "aac"],
}


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-y", "-v", "error", "-nostdin", *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The note in every format, as a video note, and videos and pictures without sound."""
    folder = tmp_path_factory.mktemp("audio")
    outputs = [part for name, options in FORMATS.items() for part in (*options, folder / name)]
    ffmpeg("-i", NOTE, *outputs)
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=5"]
    ffmpeg(*picture, "-i", NOTE, "-shortest", folder / "circle.mp4")
    ffmpeg(*picture, folder / "mute.mp4", "-frames:v", "1", folder / "picture.png")
    return folder


def likeness(a, b):
    """Correlation of two recordings' loudness over 50 ms steps: 1.0 is the same course."""
    steps = [np.sqrt(np.mean(np.square(x[:64000].reshape(-1, 800)), axis=1)) for x in (a, b)]
    return float(np.corrcoef(*steps)[0, 1])


@pytest.mark.parametrize("name", [*FORMATS, "circle.mp4"])
def test_every_format_gives_the_same_speech(made, name):
    found = Audio(made / name)
    samples = np.concatenate(list(found.blocks()))
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert found.seconds == pytest.approx(SECONDS, abs=0.1)
    assert not found.truncated
    assert likeness(samples, decode(NOTE)) > 0.8  # raw AAC begins with 60 ms of its encoder's delay


def test_the_name_does_not_decide(made, tmp_path):
    for source, name in (("note.m4a", "voice.oga"), ("note.webm", "x.raw"), ("8k.wav", "song.mp3")):
        copy = tmp_path / name
        copy.write_bytes((made / source).read_bytes())
        assert len(decode(copy)) / 16000 == pytest.approx(SECONDS, abs=0.1)


def test_a_name_is_no_option_and_no_protocol(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("-i.m4a", "concat:a|b.m4a", "http:x.m4a", "«заметка» $(id).m4a"):
        (tmp_path / name).write_bytes((made / "note.m4a").read_bytes())
        assert len(decode(Path(name))) > 16000


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 16, "unreadable"),
        (b"\x00" * 5000, "unreadable"),
        (b"OggS" + b"\xff" * 3000, "unreadable"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "unreadable"),
        ("текст, а не звук\n".encode() * 100, "unreadable"),
    ],
)
def test_what_is_no_audio_is_said_so(tmp_path, content, kind):
    path = tmp_path / "voice.oga"
    path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert caught.value.kind == kind


def test_the_voices_that_are_none():
    kinds = {}
    for name in ("20-empty.oga", "24-garbage.oga"):
        with pytest.raises(AudioError) as caught:
            decode(VOICES / name)
        kinds[name] = caught.value.kind
    assert kinds == {"20-empty.oga": "empty", "24-garbage.oga": "unreadable"}


def test_a_picture_called_voice_and_a_mute_video(made, tmp_path):
    picture = tmp_path / "voice.oga"
    picture.write_bytes((made / "picture.png").read_bytes())
    with pytest.raises(AudioError) as caught:
        decode(picture)
    assert caught.value.kind == "unreadable"
    with pytest.raises(AudioError) as caught:
        decode(made / "mute.mp4")
    assert caught.value.kind == "no-audio"


def test_a_container_without_one_sample_is_empty(tmp_path):
    path = tmp_path / "nothing.wav"
    soundfile.write(path, np.zeros(0, np.float32), 16000)
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert caught.value.kind == "empty"


def test_playlists_read_nothing(made, tmp_path):
    target = made / "note.mp3"
    playlists = {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{target}\n#EXT-X-ENDLIST\n",
        "b.oga": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "c.oga": f"ffconcat version 1.0\nfile {target}\n",
        "d.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9000 RTP/AVP 0\n",
    }
    for name, text in playlists.items():
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(AudioError) as caught:
            decode(path)
        assert caught.value.kind == "unreadable"


@pytest.mark.parametrize("name", ["note.mp3", "note.webm", "note.flac", "8k.wav"])
def test_half_a_file_yields_its_half_and_says_so(made, tmp_path, name):
    whole = (made / name).read_bytes()
    path = tmp_path / "half"
    path.write_bytes(whole[: len(whole) // 2])
    found = Audio(path)
    samples = sum(len(b) for b in found.blocks())
    assert 0.3 * SECONDS < samples / 16000 < 0.7 * SECONDS
    assert found.truncated


@pytest.mark.parametrize("kept", [0.02, 0.11, 0.5, 0.93, 0.999])
def test_a_cut_ogg_loses_only_the_broken_packet(tmp_path, kept):
    whole = (VOICES / "08-long.oga").read_bytes()
    path = tmp_path / "cut.oga"
    path.write_bytes(whole[: int(kept * len(whole))])
    found = Audio(path)
    samples = sum(len(b) for b in found.blocks())
    assert found.truncated
    assert samples / 16000 == pytest.approx(kept * 38.945, abs=0.8)
    if samples >= 64000:
        assert likeness(decode(path), decode(VOICES / "08-long.oga")) > 0.99


def test_the_truncated_voice_note_is_salvaged():
    found = Audio(VOICES / "23-truncated.oga")
    samples = np.concatenate(list(found.blocks()))
    assert 0.5 < found.seconds < 0.8
    assert found.truncated
    assert np.abs(samples).max() > 0.05


def test_what_the_sender_promised_shows_a_file_cut_between_two_pages(tmp_path):
    whole = (VOICES / "08-long.oga").read_bytes()
    path = tmp_path / "cut.oga"
    path.write_bytes(whole[: whole.index(b"OggS", 80_000)])
    plain, promised = Audio(path), Audio(path, expected=38.945)
    for found in (plain, promised):
        assert sum(len(b) for b in found.blocks()) > 16000
    assert (plain.truncated, promised.truncated) == (False, True)


def test_hours_come_in_blocks(tmp_path):
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 8000, 1) as out:
        for _ in range(60):
            out.write(np.zeros(8000 * 30, np.float32))
    sizes = [len(b) for b in blocks(path)]
    assert sum(sizes) == pytest.approx(30 * 60 * 16000, rel=1e-4)
    assert max(sizes) <= 5 * 16000


def test_a_recording_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "MAX_SECONDS", 10.0)
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(8000 * 60, np.float32), 8000)
    found = Audio(path)
    assert sum(len(b) for b in found.blocks()) <= 14 * 16000
    assert found.truncated


def test_not_a_number_is_silence(tmp_path):
    path = tmp_path / "nan.wav"
    samples = np.full(16000, np.nan, np.float32)
    samples[:100] = np.inf
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    assert np.isfinite(decode(path)).all()


def test_ffmpeg_that_says_nothing_is_stopped(made, tmp_path, monkeypatch):
    slow = tmp_path / "ffmpeg"
    slow.write_text("#!/bin/sh\necho $$ > pid\nexec sleep 1000\n")
    slow.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(audio, "STALL_SECONDS", 0.3)
    with pytest.raises(AudioError) as caught:
        decode(made / "note.m4a")
    assert caught.value.kind == "unreadable"
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_ffmpeg_sees_nothing_of_our_environment(made, tmp_path, monkeypatch):
    spy = tmp_path / "ffprobe"
    spy.write_text('#!/bin/sh\nenv > env.txt\nexec /usr/bin/ffprobe "$@"\n')
    spy.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TELEGRAM_TOKEN", "12345:secret")
    assert len(decode(made / "note.m4a")) > 16000
    assert "secret" not in (tmp_path / "env.txt").read_text()


def test_without_ffmpeg_it_says_what_to_install(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match="apt install ffmpeg"):
        decode(made / "note.m4a")
    assert len(decode(NOTE)) > 16000

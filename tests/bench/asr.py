#!/usr/bin/env python3
"""Speech recognition: int8 through onnxruntime against torch float32, with a model of real size.

The real weights cannot be shipped, so a GigaAM v2 CTC of real size (233 M parameters) is filled with
random ones: what a CTC model hears does not change how long it takes. It is built once, in
.cache/bench/asr (0.7 GB). What is compared runs in turn, each in its own process, on the same threads;
the best of nine counts. Texts are compared with the demo model.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parent.parent.parent
VOICES = ROOT / "tests" / "voices"
CACHE = ROOT / ".cache" / "bench" / "asr"
MODELS = CACHE / "models"
NAME = "v2_ctc"
RATE = 16000
ROUNDS = 9
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    prepare()
    for threads in sorted({1, min(2, CORES)}):
        chunks(threads)
    texts()
    one_minute()
    short_note()
    one_hour()


def tell(what, value, unit, against=None, ratio=None):
    figure = {"bench": "asr", "what": what, "value": value, "unit": unit, "against": against, "ratio": ratio}
    print(json.dumps(figure), flush=True)


def prepare() -> None:
    """The random model, its export and recordings of 15 s, 5 s, a minute and an hour."""
    checkpoint = MODELS / "gigaam" / f"{NAME}.ckpt"
    if not checkpoint.exists():
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, __file__, "build", checkpoint], check=True)
    if not (MODELS / "onnx" / NAME).exists():
        subprocess.run([sys.executable, __file__, "export"], check=True)
    from skazano.speech.audio import decode

    names = ("08-long", "02-request-note", "06-list", "05-filler", "07-english-terms")
    voices = [decode(VOICES / f"{name}.oga") for name in names]
    speech = np.concatenate([part for v in voices for part in (v, np.zeros(RATE // 3, np.float32))])
    minute = np.resize(speech, 60 * RATE)
    for name, seconds in (("15s.wav", 15), ("5s.oga", 5), ("60s.oga", 60)):
        if not (CACHE / name).exists():
            write(CACHE / name, minute[: seconds * RATE])
    hour = CACHE / "60min.oga"
    if not hour.exists():
        write(hour, np.resize(speech, 3600 * RATE))


def write(path, samples) -> None:
    """As Telegram sends it, or a plain WAV. libsndfile fails on one big Opus write, hence the blocks."""
    partial = path.with_name(".part" + path.suffix)
    kind = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".oga" else {"subtype": "PCM_16"}
    with soundfile.SoundFile(partial, "w", RATE, 1, **kind) as out:
        for start in range(0, len(samples), 10 * RATE):
            out.write(samples[start : start + 10 * RATE])
    partial.rename(path)


def build(path) -> None:
    """GigaAM v2 CTC of real size with random weights in half precision, in its own checkpoint format."""
    from skazano.speech import gigaam_compat
    from skazano.speech.asr_choice import DEMO_DIR

    gigaam_compat.prepare()
    import torch
    from gigaam.model import GigaAMASR
    from omegaconf import OmegaConf

    config = OmegaConf.to_container(torch.load(DEMO_DIR / "v2_ctc.ckpt", weights_only=False)["cfg"])
    config["encoder"].update(n_layers=16, d_model=768, n_heads=16, conv_kernel_size=31)
    config["head"]["feat_in"] = 768
    torch.manual_seed(0)
    config = OmegaConf.create(config)
    weights = {k: v.half() if v.is_floating_point() else v for k, v in GigaAMASR(config).state_dict().items()}
    torch.save({"cfg": config, "state_dict": weights}, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


class Worker:
    """A process with one engine loaded, which recognises the 15 s chunk each time it is asked."""

    def __init__(self, engine: str, threads: int) -> None:
        command = [sys.executable, __file__, "worker", engine, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.load = float(self.process.stdout.readline())

    def ask(self, order: str = "go") -> float:
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def worker(engine: str, threads: int) -> None:
    """Answer "go" with the seconds that a chunk took, "peak" with the MB that it all took."""
    from skazano.speech.asr_measure import peak_mb

    started = time.perf_counter()
    hear = package(threads) if engine == "package" else ours(engine, threads)
    hear()
    print(time.perf_counter() - started, flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        if line.strip() == "peak":
            print(peak_mb(), flush=True)
        else:
            hear()
            print(time.perf_counter() - started, flush=True)


def package(threads: int):
    """gigaam as its README uses it: load_model, then transcribe(path), which starts an ffmpeg each time."""
    from skazano.speech import gigaam_compat

    gigaam_compat._stand_in_for_torchaudio()
    import gigaam
    import torch

    torch.set_num_threads(threads)
    with torch.serialization.safe_globals(gigaam_compat._checkpoint_types()):
        model = gigaam.load_model(
            NAME, fp16_encoder=False, device="cpu", download_root=str(MODELS / "gigaam")
        ).float()
    warnings.simplefilter("ignore")  # torch dislikes the buffer that gigaam hands it
    return lambda: model.transcribe(str(CACHE / "15s.wav"))


def ours(engine: str, threads: int):
    from skazano.speech.asr import open_recogniser

    recogniser = open_recogniser(engine, NAME, MODELS, threads)
    samples = soundfile.read(CACHE / "15s.wav", dtype="float32")[0]
    return lambda: recogniser.hear(samples)


def chunks(threads: int) -> None:
    """The package as it comes, our torch engine and int8, chunk after chunk in turn."""
    names = ("package", "gigaam", "onnx-int8")
    workers = {name: Worker(name, threads) for name in names}
    times = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            times[name].append(workers[name].ask())
    peaks = {name: workers[name].ask("peak") for name in names}
    loads = {name: workers[name].load for name in names}
    for one in workers.values():
        one.close()
    best = {name: min(t) for name, t in times.items()}  # what a neighbour on the machine took is no figure
    note = f"{threads} thread{'s' * (threads > 1)}"
    for other, words in (("package", "torch fp32 by the package"), ("gigaam", "torch fp32, our loading")):
        what = f"15 s chunk, int8, {note}, against {words}"
        tell(what, best["onnx-int8"], "s", best[other], best[other] / best["onnx-int8"])
        what = f"peak memory, int8, {note}, against {words}"
        tell(what, peaks["onnx-int8"], "MB", peaks[other], peaks[other] / peaks["onnx-int8"])
    what = f"from import to the first chunk heard, int8, {note}"
    tell(what, loads["onnx-int8"], "s", loads["package"], loads["package"] / loads["onnx-int8"])


def texts() -> None:
    """Word error rates of the demo model over the voices, in percent, int8 against torch."""
    import jiwer

    from skazano.speech.asr import open_recogniser

    entries = json.loads((VOICES / "manifest.json").read_text())
    truths = [e["text"] for e in entries]
    rates = {}
    for engine in ("onnx-int8", "gigaam"):
        recogniser = open_recogniser(engine, "demo", CACHE / "no-models")
        heard = [recogniser.transcribe(VOICES / e["file"]).text for e in entries]
        rates[engine] = 100 * jiwer.wer(truths, heard)
    tell("word errors over tests/voices, demo model, int8", rates["onnx-int8"], "%", rates["gigaam"])


def whole(audio: str, target: Path) -> None:
    """From an audio file to transcript.txt on the disk, as the stage does it."""
    from skazano.files import write_file
    from skazano.speech.asr import open_recogniser

    recogniser = open_recogniser("onnx-int8", NAME, MODELS)
    write_file(target, recogniser.transcribe(audio).text)
    from skazano.speech.asr_measure import peak_mb

    print(peak_mb())


def one_minute() -> None:
    """60 s of speech: once from the start of a process, once in a warm one."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        run_whole("60s.oga")
        times.append(time.perf_counter() - started)
    tell("60 s OGG to transcript.txt, process start and model included", statistics.median(times), "s")


def run_whole(name: str) -> float:
    """Its peak memory, MB."""
    argv = [sys.executable, __file__, "whole", CACHE / name, CACHE / "transcript.txt"]
    return float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)


def short_note() -> None:
    from skazano.files import write_file
    from skazano.speech.asr import open_recogniser

    recogniser = open_recogniser("onnx-int8", NAME, MODELS)
    for name, words in (("5s.oga", "5 s note"), ("60s.oga", "60 s OGG")):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            write_file(CACHE / "transcript.txt", recogniser.transcribe(CACHE / name).text)
            times.append(time.perf_counter() - started)
        tell(f"{words} to transcript.txt, warm", statistics.median(times), "s")


def one_hour() -> None:
    started = time.perf_counter()
    peak = run_whole("60min.oga")
    tell("60 minutes of speech", time.perf_counter() - started, "s")
    tell("60 minutes of speech, peak memory", peak, "MB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main()
        case ["build", path]:
            build(Path(path))
        case ["export"]:
            from skazano.speech.export import export

            export(NAME, MODELS / "gigaam", MODELS / "onnx" / NAME, ("int8",))
        case ["worker", engine, threads]:
            worker(engine, int(threads))
        case ["whole", audio, target]:
            whole(audio, Path(target))

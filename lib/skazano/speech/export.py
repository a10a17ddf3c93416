"""From a GigaAM checkpoint to an ONNX directory: float32 and int8, in onnx-asr's layout.

NAME.onnx, NAME.int8.onnx (for RNN-T each as NAME_encoder, NAME_decoder and NAME_joint), .data files
with the weights of big ones, v2_vocab.txt and config.json. A directory appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skazano.speech import gigaam_compat
from skazano.speech.asr_cpu import saturates

OPSET = 17
MANY_BYTES = 64 << 20
EXAMPLE_FRAMES = 200  # 10 ms each, of the input that the tracer follows


def export(
    name: str,
    root: Path,
    target: Path,
    precisions: tuple[str, ...] = ("int8", "fp32"),
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write root/NAME.ckpt as an ONNX directory `target`, which is replaced if it exists.

    precisions: any of "int8" and "fp32". progress gets a line for each step. Returns the files.
    int8 takes 5 GB of memory and half a minute for a real model. Raises FileNotFoundError,
    asr_words.BrokenModel, OSError.
    """
    say = progress or (lambda line: None)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for precision in sorted(precisions):
            say(f"{name}: {precision}")
            _export_one(name, root, work, precision)
        _describe(name, root, work)
        _publish(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return sorted(target.iterdir())


def _export_one(name: str, root: Path, work: Path, precision: str) -> None:
    """NAME[.int8].onnx for a CTC model, three such files for an RNN-T."""
    model = _load(name, root)
    top = 63 if saturates() else 127
    if precision == "int8":
        _for_integers(model, top)
    with tempfile.TemporaryDirectory(dir=work) as raw:
        if hasattr(model.head, "decoder_layers"):
            _trace_ctc(model, Path(raw) / f"{name}.onnx")
        else:
            _trace_rnnt(model, Path(raw), name)
        del model
        for path in sorted(Path(raw).glob("*.onnx")):
            if precision == "int8":
                quantised = Path(raw) / f"{path.stem}.int8.onnx"
                quantise(path, quantised, reduced=top < 127)
                path = quantised
            _store(path, work / path.name)


def _load(name: str, root: Path) -> Any:
    """The model with every 1×1 convolution of the encoder as a matrix product."""
    model = gigaam_compat.load_model(name, root)
    from skazano.speech.export_layers import Pointwise

    for layer in model.encoder.layers:
        layer.conv.pointwise_conv1 = Pointwise(layer.conv.pointwise_conv1)
        layer.conv.pointwise_conv2 = Pointwise(layer.conv.pointwise_conv2)
    return model


def _for_integers(model: Any, top: int) -> None:
    import torch

    from skazano.speech.export_layers import IntegerSubsampling

    first = model.encoder.pre_encode.conv[0]
    if isinstance(first, torch.nn.Conv2d):  # v3 subsamples with Conv1d, which is cheap
        model.encoder.pre_encode = IntegerSubsampling(model.encoder.pre_encode, top)


def _trace_ctc(model: Any, path: Path) -> None:
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = model.encoder, model.head

        def forward(self, features: Any, feature_lengths: Any) -> Any:
            return self.head(self.encoder(features, feature_lengths)[0])

    axes = {
        "features": {0: "batch_size", 2: "seq_len"},
        "feature_lengths": {0: "batch_size"},
        "log_probs": {0: "batch_size", 1: "seq_len"},
    }
    inputs = model.encoder.input_example(seqlen=EXAMPLE_FRAMES)
    _trace(Whole(), inputs, path, ["features", "feature_lengths"], ["log_probs"], axes)


def _trace_rnnt(model: Any, work: Path, name: str) -> None:
    """Three graphs with the names of inputs and outputs that GigaAM's own export gives them."""
    encoder, decoder, joint = model.encoder, model.head.decoder, model.head.joint
    inputs = encoder.input_example(seqlen=EXAMPLE_FRAMES)
    axes = encoder.dynamic_axes()
    axes["encoded"] = {0: "batch_size", 2: "seq_len"}
    names, outputs = encoder.input_names(), encoder.output_names()
    _trace(encoder, inputs, work / f"{name}_encoder.onnx", names, outputs, axes)
    for part, module in (("decoder", decoder), ("joint", joint)):
        names, outputs = module.input_names(), module.output_names()
        _trace(module, module.input_example(), work / f"{name}_{part}.onnx", names, outputs, None)


def _trace(
    module: Any, inputs: Any, path: Path, names: list[str], outputs: list[str], axes: Any
) -> None:
    """torch's tracing exporter: its successor needs onnxscript and unrolls what it cannot prove."""
    import torch

    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            inputs,
            str(path),
            input_names=names,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )


def quantise(source: Path, target: Path, reduced: bool = False) -> None:
    """Dynamic int8 of the big matrix products only, one scale a column.

    Convolutions stay: quantised as well (the usual default) they cost accuracy and time.
    """
    import logging

    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(str(source), load_external_data=False).graph
    shapes = {i.name: list(i.dims) for i in graph.initializer}
    products = [n for n in graph.node if n.op_type == "MatMul"]
    small = [n.name for n in products if any(min(shapes.get(i, [99])) < 64 for i in n.input)]
    del graph
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # it recommends a preparation that is useless here
    try:
        quantize_dynamic(
            str(source),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=reduced,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=small,
        )
    finally:
        logger.setLevel(level)


def _store(source: Path, target: Path) -> None:
    """Save the graph in `work`, its weights in a file beside it if they are many.

    onnxruntime maps that file: a real int8 model then takes 0.30 s and 297 MB to load instead of
    0.48 s and 463 MB.
    """
    import onnx

    model = onnx.load(str(source))
    big = source.stat().st_size > MANY_BYTES
    onnx.save(model, str(target), save_as_external_data=big, location=f"{target.name}.data")


def _describe(name: str, root: Path, work: Path) -> None:
    """config.json and the vocabulary as onnx-asr reads them; an e2e model's pieces likewise."""
    model = gigaam_compat.load_model(name, root)
    from skazano.speech.gigaam_engine import vocabulary

    version = name.split("_")[0]
    lines = [f"{t.replace(' ', '▁')} {i}" for i, t in enumerate([*vocabulary(model), "<blk>"])]
    stem = name if "e2e" in name else version
    (work / f"{stem}_vocab.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {
        "model_type": "gigaam",
        "version": version,
        "features_size": 64,
        "subsampling_factor": 4,
        "weight_bits": 7 if saturates() else 8,
    }
    (work / "config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")


def _publish(work: Path, target: Path) -> None:
    """Put the finished directory in its place; the one that was there goes only after that."""
    for path in work.iterdir():
        path.chmod(0o644)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    work.chmod(0o755)
    aside = work.with_name(work.name + ".old")
    if target.exists():
        target.rename(aside)
    work.rename(target)
    shutil.rmtree(aside, ignore_errors=True)

"""Exporting a checkpoint, and engines that only a made-up model can show: RNN-T, odd lengths."""

from pathlib import Path

import numpy as np
import pytest

from skazano.speech import gigaam_compat
from skazano.speech.asr import open_recogniser
from skazano.speech.asr_choice import DEMO_DIR
from skazano.speech.export import export
from skazano.speech.gigaam_engine import GigaamEngine, ctc_greedy
from skazano.speech.onnx_engine import OnnxEngine, precisions

VOICES = Path(__file__).parent / "voices"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    target = tmp_path_factory.mktemp("models") / "onnx" / "v2_ctc"
    export("v2_ctc", DEMO_DIR, target)
    return target


def test_an_export_is_a_model_directory(exported):
    assert precisions(exported) == ["int8", "fp32"]
    assert not [p for p in exported.parent.iterdir() if p.name.startswith(".")]
    small, large = (exported / f"v2_ctc{x}.onnx" for x in (".int8", ""))
    assert small.stat().st_size < 0.45 * large.stat().st_size
    export("v2_ctc", DEMO_DIR, exported, ("int8",))
    assert precisions(exported) == ["int8"]
    export("v2_ctc", DEMO_DIR, exported, ("int8", "fp32"))


def test_every_precision_hears_the_same(exported):
    models = exported.parent.parent
    for name in ("02-request-note.oga", "06-list.oga", "08-long.oga"):
        texts = {
            engine: open_recogniser(engine, model, models).transcribe(VOICES / name).text
            for engine, model in (("gigaam", "demo"), ("onnx-fp32", "v2_ctc"), ("onnx-int8", "v2_ctc"))
        }
        assert texts["onnx-fp32"] == texts["gigaam"]
        assert texts["onnx-int8"] == texts["gigaam"]


def test_integer_subsampling_computes_what_the_convolutions_do():
    """For every length modulo 4, as the last frames are where padding differs."""
    import torch

    from skazano.speech.export_layers import IntegerSubsampling

    subsampling = gigaam_compat.load_model("v2_ctc", DEMO_DIR).encoder.pre_encode
    ours = IntegerSubsampling(subsampling)
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        for frames in range(60, 69):
            x = torch.randn(1, frames, 64, generator=generator)
            length = torch.tensor([frames])
            expected, expected_length = subsampling(x, length)
            found, found_length = ours(x, length)
            assert found.shape == expected.shape
            assert found_length == expected_length
            assert float((found - expected).abs().max()) < 0.05 * float(expected.abs().max())


@pytest.mark.parametrize("samples", [1600, 8000, 16001, 320000])
def test_any_length_is_heard(exported, samples):
    noise = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    engines = [OnnxEngine(exported, "int8", 1), GigaamEngine("v2_ctc", DEMO_DIR, 1)]
    for engine in engines:
        found = engine.hear(noise)
        assert len(found.texts) == len(found.times) == len(found.logprobs)
        assert all(0 <= t <= samples / 16000 + 0.04 for t in found.times)


@pytest.fixture(scope="module")
def rnnt(tmp_path_factory):
    """A tiny RNN-T with random weights in GigaAM's own format, and its export."""
    gigaam_compat.prepare()
    import torch
    from gigaam.model import GigaAMASR
    from omegaconf import OmegaConf

    checkpoint = torch.load(DEMO_DIR / "v2_ctc.ckpt", weights_only=False)
    config = OmegaConf.to_container(checkpoint["cfg"])
    config["model_class"] = "rnnt"
    config["encoder"].update(n_layers=2, d_model=96, conv_kernel_size=31)
    sizes = {"pred_hidden": 320, "num_classes": 34}
    config["head"] = {
        "_target_": "gigaam.decoder.RNNTHead",
        "decoder": {**sizes, "pred_rnn_layers": 1},
        "joint": {**sizes, "enc_hidden": 96, "joint_hidden": 320},
    }
    config["decoding"]["_target_"] = "gigaam.decoding.RNNTGreedyDecoding"
    torch.manual_seed(3)
    model = GigaAMASR(OmegaConf.create(config))
    model.head.joint.joint_net[1].bias.data[33] += 0.02  # else the blank never wins
    root = tmp_path_factory.mktemp("rnnt")
    torch.save({"cfg": OmegaConf.create(config), "state_dict": model.state_dict()}, root / "v2_rnnt.ckpt")
    export("v2_rnnt", root, root / "onnx")
    return root


def test_rnnt_in_torch_and_in_onnx(rnnt):
    assert precisions(rnnt / "onnx") == ["int8", "fp32"]
    noise = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    ours, onnx = GigaamEngine("v2_rnnt", rnnt, 1), OnnxEngine(rnnt / "onnx", "fp32", 1)
    left, right = ours.hear(noise), onnx.hear(noise)
    assert len(left.texts) > 0
    assert len(right.texts) > 0
    assert OnnxEngine(rnnt / "onnx", "int8", 1).hear(noise).times[-1] <= 2.04
    assert all(p <= 0 for p in left.logprobs)


def test_rnnt_decodes_as_gigaam_itself_does(rnnt):
    import torch

    noise = np.random.default_rng(1).normal(0, 0.1, 32000).astype(np.float32)
    model = gigaam_compat.load_model("v2_rnnt", rnnt)
    with torch.inference_mode():
        encoded = model.forward(torch.from_numpy(noise)[None], torch.tensor([len(noise)]))
        expected = model.decoding.decode(model.head, *encoded)[0]
    assert "".join(GigaamEngine("v2_rnnt", rnnt, 1).hear(noise).texts) == expected


def test_ctc_counts_a_held_token_once():
    best = [2, 0, 0, 2, 0, 1, 1, 2]
    table = np.log(np.full((len(best), 3), 0.1, np.float32))
    for frame, token in enumerate(best):
        table[frame, token] = np.log(0.8)
    table[2, 0] = np.log(0.9)
    ids, places, logprobs = ctc_greedy(table)
    assert (ids, places) == ([0, 0, 1], [1, 4, 5])
    assert np.exp(logprobs) == pytest.approx([0.9, 0.8, 0.8])
    assert ctc_greedy(np.zeros((0, 3), np.float32)) == ([], [], [])


def test_an_export_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        export("v9_ctc", tmp_path, tmp_path / "onnx" / "v9_ctc")
    assert list((tmp_path / "onnx").iterdir()) == []

"""The `gigaam` engine: GigaAM's own package on torch, from a checkpoint that lies on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skazano.speech import gigaam_compat
from skazano.speech.asr_words import FRAME_SECONDS, Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

MAX_SYMBOLS = 10  # an RNN-T may emit at one frame (GigaAM's own limit)


class GigaamEngine:
    """CTC and RNN-T models, v2 and whatever else the installed gigaam can build.

    precision: "fp32", or "bf16" for processors with bfloat16 instructions (2.7 × the speed there).
    Raises FileNotFoundError, asr_words.BrokenModel.
    """

    def __init__(
        self, name: str, root: Path, threads: int | None = None, precision: str = "fp32"
    ) -> None:
        gigaam_compat.prepare(threads)
        import torch

        self._torch = torch
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._model = gigaam_compat.load_model(name, root, str(self._dtype).removeprefix("torch."))
        self._tokens = vocabulary(self._model)
        self._is_ctc = hasattr(self._model.head, "decoder_layers")

    def hear(self, samples: Samples) -> Tokens:
        """Recognise one piece: float32 mono at 16 kHz, 0.1 to 25 s."""
        torch = self._torch
        with torch.inference_mode():
            wave = torch.from_numpy(samples)[None]
            features, length = self._model.preprocessor(wave, torch.tensor([len(samples)]))
            encoded, length = self._model.encoder(features.to(self._dtype), length)
            frames = int(length[0])
            if self._is_ctc:
                log_probs = self._model.head(encoder_output=encoded.float())[0, :frames]
                found = ctc_greedy(log_probs.numpy())
            else:
                found = self._rnnt_greedy(encoded.float().transpose(1, 2)[0, :frames])
        ids, places, logprobs = found
        times = [place * FRAME_SECONDS for place in places]
        return Tokens([self._tokens[i] for i in ids], times, logprobs)

    def _rnnt_greedy(self, encoded: Any) -> tuple[list[int], list[int], list[float]]:
        """(token ids, their frames, their log probabilities) of encoded (frames, channels)."""
        torch, head = self._torch, self._model.head
        blank = len(self._tokens)
        ids: list[int] = []
        places: list[int] = []
        logprobs: list[float] = []
        last, state = None, None
        predicted, next_state = head.decoder.predict(last, state)
        for t in range(len(encoded)):
            for _ in range(MAX_SYMBOLS):
                scores = head.joint.joint(encoded[None, t : t + 1], predicted)[0, 0, 0]
                best = int(scores.argmax())
                if best == blank:
                    break
                ids.append(best)
                places.append(t)
                logprobs.append(float(scores[best]))
                last, state = torch.tensor([[best]]), next_state
                predicted, next_state = head.decoder.predict(last, state)
        return ids, places, logprobs


def ctc_greedy(log_probs: Samples) -> tuple[list[int], list[int], list[float]]:
    """(token ids, their frames, their log probabilities) of (frames, classes); blank is the last.

    A token that holds over several frames counts once, with its best probability.
    """
    blank = log_probs.shape[1] - 1
    best = log_probs.argmax(axis=1)
    scores = log_probs[np.arange(len(best)), best]
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    peaks = np.maximum.reduceat(scores, starts) if len(starts) else scores
    kept = best[starts] != blank
    return best[starts][kept].tolist(), starts[kept].tolist(), peaks[kept].tolist()


def vocabulary(model: Any) -> list[str]:
    """Token texts with a space where a word begins: letters, or SentencePiece's pieces."""
    tokenizer = model.decoding.tokenizer
    if tokenizer.charwise:
        return list(tokenizer.vocab)
    pieces = tokenizer.model
    return [pieces.id_to_piece(i).replace("▁", " ") for i in range(len(pieces))]

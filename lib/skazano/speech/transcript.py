"""What a recogniser heard: text and the segments it came from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Word:
    """One word: start and end in seconds from the beginning of the audio, confidence in 0…1."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Segment:
    """A stretch of speech recognised in one piece (≤ 20 s); times in seconds, confidence in 0…1.

    `words` is empty where an engine gives no times.
    """

    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass
class Transcript:
    """The whole recording.

    `text` is "" when nobody speaks in it. `audio_seconds` is what could be decoded,
    `speech_seconds` the part of it that was recognised; `truncated` says that the file
    promised more than it held. `seconds` is the time that recognition took.
    """

    text: str = ""
    segments: list[Segment] = field(default_factory=list)
    engine: str = ""
    model: str = ""
    audio_seconds: float = 0.0
    speech_seconds: float = 0.0
    truncated: bool = False
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: times to the millisecond, confidences to three digits."""
        return _rounded(asdict(self))  # type: ignore[no-any-return]

    def to_json(self) -> str:
        """The text of transcript.json, one segment a line so that `less` shows it well."""
        head = self.to_dict()
        segments = head.pop("segments")
        lines = ",\n".join("  " + json.dumps(s, ensure_ascii=False) for s in segments)
        body = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
        return f'{body},\n "segments": [{chr(10) if lines else ""}{lines}]\n}}\n'

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Transcript:
        """The reverse of `to_dict`; keys it does not know are passed over."""
        segments = [
            Segment(
                s["start"],
                s["end"],
                s["text"],
                s.get("confidence", 0.0),
                tuple(Word(**w) for w in s.get("words", ())),
            )
            for s in value.get("segments", [])
        ]
        known = {k: v for k, v in value.items() if k in cls.__dataclass_fields__}
        return cls(**{**known, "segments": segments})


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    return value

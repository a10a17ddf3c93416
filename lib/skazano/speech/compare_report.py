"""Figures and a page from a comparison of speech engines."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from skazano.speech.compare import Comparison

NOT_WORD = re.compile(r"[^\w-]+|_")


@dataclass(frozen=True)
class Row:
    """An engine's line in the table.

    speed: seconds of audio a second, without loading. wer: word error rate against the confirmed
    texts (0…), None if there are none. agreement: with each other engine, by name, 0…1.
    """

    engine: str
    name: str
    recordings: int
    failed: int
    audio_seconds: float
    seconds: float
    speed: float
    load: float
    peak_mb: float
    wer: float | None
    confirmed: int
    agreement: dict[str, float]
    error: str = ""


def words(text: str) -> str:
    """The text as word error rates count it: lower case, ё as е, no punctuation, single spaces."""
    return " ".join(NOT_WORD.sub(" ", text.lower().replace("ё", "е")).split())


def rows(found: Comparison) -> list[Row]:
    """One row an engine, in the order of the comparison."""
    agreements = _agreements(found)
    out = []
    for engine in found.engines:
        mine = [r for i in found.items if (r := found.results.get((engine.engine, i.id)))]
        good = [r for r in mine if not r.error]
        audio, took = sum(r.audio_seconds for r in good), sum(r.seconds for r in good)
        heard = {r.id: r.text for r in good}
        pairs = [(words(i.truth), words(heard[i.id])) for i in found.items if i.truth and i.id in heard]
        pairs = [p for p in pairs if p[0]]
        out.append(
            Row(
                engine=engine.engine,
                name=engine.name,
                recordings=len(good),
                failed=len(mine) - len(good),
                audio_seconds=audio,
                seconds=took,
                speed=audio / took if took else 0.0,
                load=engine.load,
                peak_mb=engine.peak_mb,
                wer=error_rate(pairs),
                confirmed=len(pairs),
                agreement={b: v for (a, b), v in agreements.items() if a == engine.engine},
                error=engine.error,
            )
        )
    return out


def error_rate(pairs: list[tuple[str, str]]) -> float | None:
    """Word error rate of (truth, heard) pairs over all their words; None without any."""
    import jiwer

    if not pairs:
        return None
    return float(jiwer.wer([truth for truth, _ in pairs], [heard for _, heard in pairs]))


def _agreements(found: Comparison) -> dict[tuple[str, str], float]:
    """For each two engines the words that both heard, as a share of the longer text's words."""
    names = [e.engine for e in found.engines]
    out: dict[tuple[str, str], float] = {}
    for a, b in combinations(names, 2):
        same, longest = 0, 0
        for item in found.items:
            first, second = (found.results.get((n, item.id)) for n in (a, b))
            if first is None or second is None or first.error or second.error:
                continue
            left, right = words(first.text), words(second.text)
            longest += max(len(left.split()), len(right.split()))
            same += sum(len(ref) for kind, ref, _ in differences(left, right) if kind == "equal")
        if longest:
            out[(a, b)] = out[(b, a)] = same / longest
    return out


def differences(truth: str, heard: str) -> list[tuple[str, list[str], list[str]]]:
    """Runs of (kind, words of truth, words of heard); kind: equal, substitute, insert, delete."""
    import jiwer

    left, right = truth.split(), heard.split()
    if not left or not right:
        return [("delete" if left else "insert", left, right)] if left or right else []
    chunks = jiwer.process_words(truth, heard).alignments[0]
    return [
        (
            c.type,
            left[c.ref_start_idx : c.ref_end_idx],
            right[c.hyp_start_idx : c.hyp_end_idx],
        )
        for c in chunks
    ]


def page(found: Comparison) -> str:
    """A page of its own, in Russian: the table and every recording's differences word by word."""
    table = rows(found)
    names = [r.engine for r in table]
    head = "".join(f"<th>{html.escape(n)}" for n in names)
    body = "".join(_table_row(r, names) for r in table)
    recordings = "".join(_recording(found, i, names) for i in range(len(found.items)))
    return PAGE.format(head=head, body=body, recordings=recordings, count=len(found.items))


def _table_row(row: Row, names: list[str]) -> str:
    wer = "—" if row.wer is None else f"{100 * row.wer:.1f} % ({row.confirmed})"
    cells = [
        f"<th>{html.escape(row.engine)}<br><small>{html.escape(row.name or row.error)}</small>",
        f"<td>{row.recordings}" + (f", не смог {row.failed}" if row.failed else ""),
        f"<td>{row.speed:.0f}×" if row.seconds else "<td>—",
        f"<td>{row.load:.1f} с",
        f"<td>{row.peak_mb:.0f} МБ",
        f"<td>{wer}",
    ]
    shares = (row.agreement.get(n) for n in names)
    cells += ["<td>" if share is None else f"<td>{100 * share:.1f} %" for share in shares]
    return "<tr>" + "".join(cells)


def _recording(found: Comparison, index: int, names: list[str]) -> str:
    """Each engine's words against the confirmed text, or against the first engine's."""
    item = found.items[index]
    truth = item.truth or found.text(names[0], item.id)
    title = "подтверждено" if item.truth else f"за образец взято: {names[0]}"
    out = [f"<section><h2>{html.escape(item.id)}</h2><p><i>{html.escape(title)}</i><br>{html.escape(truth)}"]
    for name in names:
        result: Any = found.results.get((name, item.id))
        if result is None or (not item.truth and name == names[0]):
            continue
        marked = html.escape(result.error) if result.error else _marked(words(truth), words(result.text))
        out.append(f"<p><b>{html.escape(name)}</b><br>{marked or '<i>ничего</i>'}")
    return "".join(out) + "</section>\n"


def _marked(truth: str, heard: str) -> str:
    parts = []
    for kind, left, right in differences(truth, heard):
        was, became = (html.escape(" ".join(part)) for part in (left, right))
        if kind == "equal":
            parts.append(became)
        else:
            parts.append((f"<del>{was}</del>" if was else "") + (f"<ins>{became}</ins>" if became else ""))
    return " ".join(parts)


PAGE = """<!doctype html>
<html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Сравнение распознавателей</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} th, td {{ padding: .3rem .6rem; text-align: left; vertical-align: top }}
td {{ white-space: nowrap }}
tr + tr {{ border-top: 1px solid #8886 }} section {{ border-top: 1px solid #8886; margin-top: 1.5rem }}
h2 {{ font-size: 1rem; font-family: monospace }} div {{ overflow-x: auto }}
del {{ background: #f006; text-decoration: line-through }} ins {{ background: #0a06; text-decoration: none }}
del + ins {{ margin-left: .2rem }} :root {{ color-scheme: light dark }}
</style>
<h1>Сравнение распознавателей</h1>
<p>Записей: {count}. Скорость — секунд звука за секунду. Ошибки — доля слов против подтверждённых
текстов (в скобках их число). Справа — согласие: доля слов, которые одинаково услышали оба.
В записях <del>зачёркнуто</del> то, что должно было быть, <ins>выделено</ins> то, что услышано.
<div><table><tr><th>Движок<th>Записей<th>Скорость<th>Загрузка<th>Память<th>Ошибки{head}
{body}</table></div>
{recordings}</html>
"""

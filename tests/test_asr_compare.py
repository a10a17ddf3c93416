"""Comparing engines over kept recordings."""

import json
import shutil
from pathlib import Path

import pytest

from skazano.speech import compare as compare_module
from skazano.speech.compare import Comparison, Engine, Item, Result, compare, items_in
from skazano.speech.compare_report import differences, page, rows, words

VOICES = Path(__file__).parent / "voices"


def task(root, number, voice, truth=None, audio="voice.oga"):
    folder = root / f"20261122-18043{number}-tg-1-{number}"
    folder.mkdir(parents=True)
    shutil.copy(VOICES / voice, folder / "voice.oga")
    (folder / "task.json").write_text(json.dumps({"audio": audio}))
    if truth:
        (folder / "confirmed.txt").write_text(truth + "\n")
    return folder


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    root = tmp_path_factory.mktemp("tasks")
    task(root, 1, "01-settings-demo.oga", "Настройки, проект «Демо»!")
    task(root, 2, "02-request-note.oga", "добавь в список задач проверку почты в форме регистрации")
    task(root, 3, "03-settings-audio.oga")
    task(root, 4, "24-garbage.oga")
    task(root, 5, "01-settings-demo.oga", audio="../../etc/passwd")
    (root / "20261122-180439-cli-1").mkdir()
    return sorted(root.iterdir())


def test_items_are_tasks_with_a_recording(tasks):
    items = items_in(tasks)
    assert [i.id[-1] for i in items] == ["1", "2", "3", "4"]
    assert [bool(i.truth) for i in items] == [True, True, False, False]


@pytest.fixture(scope="module")
def found(tasks, tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "results.jsonl"
    engines = ["onnx-int8", "gigaam:demo", "onnx:v9_ctc"]
    return compare(items_in(tasks), engines, store, tmp_path_factory.mktemp("models")), store


def test_a_comparison_tells_errors_speed_memory_and_agreement(found):
    table = {r.engine: r for r in rows(found[0])}
    onnx, torch = table["onnx-int8"], table["gigaam:demo"]
    assert (onnx.recordings, onnx.failed, onnx.confirmed) == (3, 1, 2)
    assert onnx.wer == pytest.approx(1 / 12)
    assert onnx.agreement["gigaam:demo"] == torch.agreement["onnx-int8"] > 0.9
    assert onnx.speed > 1
    assert 50 < onnx.peak_mb < torch.peak_mb
    assert 0 < onnx.load < torch.load
    missing = table["onnx:v9_ctc"]
    assert "skazano asr-get" in missing.error
    assert missing.wer is None


def test_a_second_run_asks_nobody(found, tasks, monkeypatch):
    monkeypatch.setattr(compare_module, "_worker", lambda order: pytest.fail("it was known"))
    again = compare(items_in(tasks), ["onnx-int8", "gigaam:demo"], found[1])
    assert again.text("onnx-int8", again.items[0].id) == "настройки проект демо"
    assert again.engines[0].peak_mb > 0


def test_it_goes_on_after_a_stop_and_after_a_death(tasks, tmp_path, monkeypatch):
    """A worker that dies over one recording costs that recording only."""
    asked = []

    def worker(order):
        asked.append(len(order["audio"]))
        yield {"engine": ["x", 1.0, 2.0]}
        for place, _ in enumerate(order["audio"]):
            if len(asked) == 1 and place == 1:
                return
            yield {"text": "раз"}
        yield {"engine": ["x", 1.0, 3.0]}

    monkeypatch.setattr(compare_module, "_worker", worker)
    store, items, steps = tmp_path / "r.jsonl", items_in(tasks), []
    done = compare(items, ["x"], store, progress=lambda *step: steps.append(step))
    assert asked == [4, 2]
    assert [bool(done.results[("x", i.id)].error) for i in items] == [False, True, False, False]
    assert steps[-1] == ("x", 4, 4)
    with store.open("a") as out:
        out.write('{"engine": "x", "id": "torn')
    assert len(compare(items, ["x"], store).results) == 4
    assert len(asked) == 2


def test_a_changed_recording_is_heard_again(tasks, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        compare_module, "_worker", lambda order: asked.append(order["audio"]) or iter([{"text": "раз"}])
    )
    audio = tmp_path / "voice.oga"
    audio.write_bytes(b"1")
    compare([Item("a", audio)], ["x"], tmp_path / "r.jsonl")
    audio.write_bytes(b"12")
    compare([Item("a", audio)], ["x"], tmp_path / "r.jsonl")
    assert len(asked) == 2


def test_words_are_counted_without_dress():
    assert words("Ещё раз: «Привет», README.md — по-русски!") == "еще раз привет readme md по-русски"


def test_differences_word_by_word():
    assert differences("добавь кнопку выхода", "добавь опку выхода из") == [
        ("equal", ["добавь"], ["добавь"]),
        ("substitute", ["кнопку"], ["опку"]),
        ("equal", ["выхода"], ["выхода"]),
        ("insert", [], ["из"]),
    ]
    assert differences("", "раз") == [("insert", [], ["раз"])]
    assert differences("раз", "") == [("delete", ["раз"], [])]
    assert differences("", "") == []


def test_the_page_is_escaped_and_needs_nothing_from_outside():
    evil = "<script>alert(1)</script>&\"'"
    items = [Item(evil, Path("x"), evil), Item("b", Path("y"))]
    engines = [Engine(evil, evil), Engine("b", error=evil)]
    results = {
        (evil, evil): Result(evil, evil, "", f"раз {evil}", 1.0, 0.1),
        (evil, "b"): Result(evil, "b", "", evil),
        ("b", evil): Result("b", evil, "", error=evil),
        ("b", "b"): Result("b", "b", "", "совсем другое"),
    }
    text = page(Comparison(items, engines, results))
    assert "<script" not in text
    assert "alert" in text
    assert "<ins>" in text
    for outside in ("http:", "https:", "src=", "url(", "@import"):
        assert outside not in text


def test_the_page_of_a_real_comparison(found):
    text = page(found[0])
    assert "форми" in text
    assert text.count("<section>") == 4
    assert "skazano asr-get" in text

"""The engines and the chain, against a server that speaks both protocols on a real socket."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from llm_server import STEPS, LlmServer
from skazano.llm.base import ModelError, Price, WrongShape, decode, json_schema, scrubbed
from skazano.llm.chain import Chain, NoModel
from skazano.llm.gemini import Gemini
from skazano.llm.ledger import Ledger
from skazano.llm.openai_compatible import OpenAiCompatible
from skazano.llm.prompts import render
from skazano.llm.setup import DEFAULTS, Engine, open_chain

KEY = "sk-or-v1-1234567890abcdef"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


class Said(msgspec.Struct, forbid_unknown_fields=True):
    word: str
    count: int | None = None


GOOD = {"value": {"word": "да", "count": 2}}


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = NOON, []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture(params=["openai", "gemini"])
def engine(request):
    def build(url, name=request.param):
        if request.param == "gemini":
            return Gemini(KEY, base_url=url, name=name)
        return OpenAiCompatible(name, "m/x", f"{url}/api/v1", KEY, Price(0.30, 2.50))

    build.protocol = request.param
    return build


@pytest.fixture
def clock():
    return Clock()


def chain(tmp_path, clock, *models, seconds=5.0, **limits):
    ledger = Ledger(tmp_path / "state" / "models.json", clock, **limits)
    return Chain(models, ledger, seconds, clock.sleep)


def test_an_answer_with_its_usage(engine):
    with LlmServer([GOOD]) as server:
        value, usage = engine(server.url).complete("Система", "Вопрос", Said, 5)
    assert value == Said("да", 2)
    assert (usage.input_tokens, usage.output_tokens, usage.calls) == (1000, 200, 1)
    assert usage.cost == pytest.approx(1000 * 0.3e-6 + 200 * 2.5e-6)
    request = server.requests[0]
    assert KEY not in request["path"]
    assert "Система" in json.dumps(request["body"], ensure_ascii=False)


def test_the_shape_is_asked_for(engine):
    with LlmServer([GOOD]) as server:
        engine(server.url).complete("s", "t", Said, 5)
    asked = json.dumps(server.requests[0]["body"])
    assert '"word"' in asked
    assert '"required"' in asked


@pytest.mark.parametrize("step", ["429", "500", "503", "html", "html-502", "error-in-200", "drop"])
def test_the_servers_troubles_are_worth_another_try(engine, step):
    with LlmServer([step]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 5)
    assert caught.value.again or (step, engine.protocol) == ("error-in-200", "gemini")
    assert KEY not in str(caught.value)


def test_429_says_how_long(engine):
    with LlmServer(["429"]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 5)
    assert caught.value.after == 2


@pytest.mark.parametrize("step", ["401", "404"])
def test_a_refusal_is_final(engine, step):
    with LlmServer([step]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 5)
    assert not caught.value.again


@pytest.mark.parametrize("step", ["broken-json", "wrong-shape", "list", "empty", "prose"])
def test_a_wrong_shape_is_told_apart(engine, step):
    with LlmServer([step]) as server, pytest.raises(WrongShape):
        engine(server.url).complete("s", "t", Said, 5)


def test_nobody_waits_longer_than_told(engine):
    with LlmServer(["slow"]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 0.3)
    assert caught.value.timeout
    assert not caught.value.again


def test_nobody_listens(engine):
    with LlmServer() as server:
        url = server.url
    with pytest.raises(ModelError) as caught:
        engine(url).complete("s", "t", Said, 2)
    assert KEY not in str(caught.value)


def test_the_key_in_a_servers_words_is_struck_out(engine):
    step = {"status": 401, "body": {"error": {"code": 401, "message": f"bad key {KEY} given"}}}
    with LlmServer([step]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 5)
    assert "bad key *** given" in str(caught.value)
    assert scrubbed("Authorization: Bearer abcdefghijkl\nx", None) == "Authorization: Bearer *** x"


def test_a_server_without_json_schema_is_asked_plainly():
    refuse = {"status": 400, "body": {"error": {"message": "response_format is not supported"}}}
    with LlmServer([refuse, {"text": '```json\n{"word": "да"}\n```'}]) as server:
        value, _ = OpenAiCompatible("local", "m", f"{server.url}/v1").complete("s", "t", Said, 5)
    assert value.word == "да"
    assert "response_format" not in server.requests[1]["body"]
    assert "Authorization" not in server.requests[0]["headers"]


def test_openrouters_own_cost_counts():
    with LlmServer([GOOD]) as server:
        server.usage = {"cost": 0.0123}
        _, usage = OpenAiCompatible("or", "m", server.url, KEY).complete("s", "t", Said, 5)
    assert usage.cost == 0.0123


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_takes_the_key_nowhere(engine, status):
    with LlmServer() as other:
        step = {"status": status, "body": "", "headers": {"Location": f"{other.url}/v1/chat/completions"}}
        with LlmServer([step]) as server, pytest.raises(ModelError):
            engine(server.url).complete("s", "t", Said, 5)
        assert other.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", ["[" * 200_000, '{"a":' * 100_000, '{"choices":' + "9" * 10_000 + "}", "NaN"]
)
def test_a_body_that_is_no_completion_is_an_error_of_ours(engine, tmp_path, clock, body):
    with LlmServer([{"status": 200, "body": body}]) as server, pytest.raises(NoModel):
        chain(tmp_path, clock, engine(server.url)).complete("s", "t", Said)


def test_an_engine_that_breaks_costs_no_task(tmp_path, clock):
    class Broken:
        name = "broken"

        def complete(self, *_):
            raise ZeroDivisionError(KEY)

    with pytest.raises(NoModel, match="broken: no answer that can be read: ZeroDivisionError") as caught:
        chain(tmp_path, clock, Broken()).complete("s", "t", Said)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("delay", ["-3s", "nans", "nan", "soons", "s", None, 7])
def test_a_wait_that_is_none_is_not_waited(engine, tmp_path, clock, delay):
    detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    body = {"error": {"code": 429, "message": "q", "status": "RESOURCE_EXHAUSTED", "details": [detail]}}
    step = {"status": 429, "body": body, "headers": {"Retry-After": str(delay).removesuffix("s")}}
    with LlmServer([step, GOOD]) as server:
        value, _ = chain(tmp_path, clock, engine(server.url), seconds=20).complete("s", "t", Said)
    assert value.word == "да"
    assert 0 < clock.slept[0] < 8


def test_an_answer_without_end_is_not_read_to_its_end(engine):
    with LlmServer([{"status": 200, "body": " " * 5_000_000}]) as server, pytest.raises(ModelError) as caught:
        engine(server.url).complete("s", "t", Said, 5)
    assert "too long" in str(caught.value)


def test_a_body_that_stops_is_a_time_out_and_no_other_try(engine, tmp_path, clock):
    with LlmServer(["stalled"]) as server, pytest.raises(NoModel, match="no whole answer"):
        chain(tmp_path, clock, engine(server.url), seconds=0.5).complete("s", "t", Said)
    assert len(server.requests) == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    "text",
    [
        '```JSON\n{"word": "да", "count": 2}\n```',
        'Вот ответ:\n{"word": "да", "count": 2}\nГотово.',
        '<think>{"word": "нет"}?</think>{"word": "да", "count": 2}',
        '\ufeff  {"word": "да", "count": 2}\n',
    ],
)
def test_what_is_said_around_an_answer_does_no_harm(text):
    assert decode(text, Said) == Said("да", 2)


@pytest.mark.parametrize(
    "text", ['{"word": "да"} {"word": "нет"}', '{"word": "да"', "}{", '{"word": NaN}', "{'word': 'да'}"]
)
def test_what_is_no_answer_is_none(text):
    with pytest.raises(WrongShape):
        decode(text, Said)


def test_the_chain_waits_as_told_and_tries_again(engine, tmp_path, clock):
    with LlmServer(["429", "500", GOOD]) as server:
        value, usage = chain(tmp_path, clock, engine(server.url)).complete("s", "t", Said)
    assert value.word == "да"
    assert usage.calls == 3
    assert clock.slept[0] == 2
    assert len(clock.slept) == 2


def test_the_next_engine_answers_and_the_first_rests(engine, tmp_path, clock):
    with LlmServer(["500"]) as bad, LlmServer([GOOD]) as good:
        models = chain(tmp_path, clock, engine(bad.url, "one"), engine(good.url, "two"))
        _, usage = models.complete("s", "t", Said)
        assert usage.engine == "two"
        assert "one: 500" in usage.fallback
        assert len(bad.requests) == 3
        models.complete("s", "t", Said)
        assert len(bad.requests) == 3  # it rests
        clock.now += 61
        models.complete("s", "t", Said)
        assert len(bad.requests) > 3  # one probe after its rest


def test_a_server_that_sends_a_byte_now_and_then_is_left_in_time(engine, tmp_path, clock):
    with LlmServer(["dripping"]) as server, pytest.raises(NoModel, match="no whole answer"):
        chain(tmp_path, clock, engine(server.url), seconds=0.3).complete("s", "t", Said)


@pytest.mark.parametrize("step", ["negative-usage", "huge-usage", "infinite-cost"])
def test_nobody_believes_every_bill(engine, step):
    with LlmServer([{**STEPS[step], **GOOD}]) as server:
        value, usage = engine(server.url).complete("s", "t", Said, 5)
    assert value == Said("да", 2)
    assert 0 <= usage.cost < 10
    assert usage.input_tokens >= 0


@pytest.mark.parametrize("step", ["whole-but-cut-off", "filtered"])
def test_what_is_not_whole_is_no_answer(engine, step):
    with LlmServer([{**STEPS[step], **GOOD}]) as server, pytest.raises(WrongShape, match="not whole"):
        engine(server.url).complete("s", "t", Said, 5)


def test_an_outage_costs_one_timeout_even_across_processes(engine, tmp_path, clock):
    with LlmServer(["slow"]) as server:
        for _ in range(3):
            with pytest.raises(NoModel) as caught:
                chain(tmp_path, clock, engine(server.url, "one"), seconds=0.3).complete("s", "t", Said)
        assert len(server.requests) == 1
    assert "resting" in str(caught.value)
    assert clock.slept == []


def test_a_long_wait_is_not_waited(engine, tmp_path, clock):
    with LlmServer(["429-long"]) as server, pytest.raises(NoModel):
        chain(tmp_path, clock, engine(server.url)).complete("s", "t", Said)
    assert clock.slept == []
    assert len(server.requests) == 1


def test_a_wrong_shape_is_asked_for_once_more(engine, tmp_path, clock):
    with LlmServer(["broken-json", GOOD]) as server:
        value, usage = chain(tmp_path, clock, engine(server.url)).complete("s", "t", Said)
    assert value.word == "да"
    assert usage.input_tokens == 2000  # the bad answer was paid for, too
    with LlmServer(["prose"]) as server, pytest.raises(NoModel):
        chain(tmp_path, clock, engine(server.url)).complete("s", "t", Said)
    assert len(server.requests) == 2


def test_a_check_counts_as_a_wrong_shape(tmp_path, clock):
    steps = [{"value": {"word": "нет", "count": 1}}, GOOD]
    with LlmServer(steps) as server:
        models = chain(tmp_path, clock, OpenAiCompatible("x", "m", server.url))
        value, _ = models.complete("s", "t", Said, lambda v: "" if v.word == "да" else "no: secret words")
    assert value.word == "да"
    told = server.requests[1]["body"]["messages"][0]["content"]
    assert "refused: no." in told
    assert "secret words" not in told


def test_the_budget_is_the_days(tmp_path, clock):
    with LlmServer([GOOD]) as server:
        models = chain(tmp_path, clock, OpenAiCompatible("x", "m", server.url), calls=2)
        models.complete("s", "t", Said)
        models.complete("s", "t", Said)
        with pytest.raises(NoModel, match="2 calls are used up"):
            models.complete("s", "t", Said)
        clock.now += 86400
        models.complete("s", "t", Said)
    assert len(server.requests) == 3


def test_money_ends_the_day_too(tmp_path, clock):
    with LlmServer([GOOD]) as server:
        server.usage = {"cost": 0.6}
        models = chain(tmp_path, clock, OpenAiCompatible("x", "m", server.url), money=1.0)
        models.complete("s", "t", Said)
        models.complete("s", "t", Said)
        with pytest.raises(NoModel, match="1 dollars are used up"):
            models.complete("s", "t", Said)
    kept = json.loads((tmp_path / "state" / "models.json").read_text())
    assert kept["calls"] == 2
    assert kept["money"] == pytest.approx(1.2)


def test_retries_stop_at_the_budget(tmp_path, clock):
    with LlmServer(["500"]) as server, pytest.raises(NoModel):
        chain(tmp_path, clock, OpenAiCompatible("x", "m", server.url), calls=2).complete("s", "t", Said)
    assert len(server.requests) == 2


@pytest.mark.parametrize("junk", ["", "{", "[1]", '{"down": [], "day": "2026-11-22", "calls": "x"}'])
def test_a_broken_ledger_is_an_empty_one(tmp_path, clock, junk):
    path = tmp_path / "models.json"
    path.write_text(junk)
    ledger = Ledger(path, clock, calls=5)
    assert ledger.begin("x") == ""
    assert ledger.today() == (1, 0.0)


def test_nothing_configured(tmp_path, clock):
    with pytest.raises(NoModel, match="no language model"):
        chain(tmp_path, clock).complete("s", "t", Said)


def test_a_schema_without_references():
    schema = json_schema(Said)
    assert "$ref" not in json.dumps(schema)
    assert schema["required"] == ["word", "count"]
    assert schema["additionalProperties"] is False
    assert decode('{"word": "x", "count": null}', Said) == Said("x")


def test_prompts_have_versions_and_can_be_overridden(tmp_path):
    _, built_in = render("refine")
    assert built_in == "refine/3"
    (tmp_path / "refine.j2").write_text("{# version: own-2 #}\nSay {{ 1 + 1 }}.\n")
    assert render("refine", tmp_path) == ("Say 2.", "refine/own-2")
    assert render("project", tmp_path)[1] == "project/1"
    for failed in (True, False):
        text, _ = render("summarize", None, mode="audio", lang="ru", failed=failed)
        assert ("FAILED" in text) is failed


def test_idle_costs_no_model_library():
    import subprocess
    import sys

    code = "import sys, skazano.llm.setup, skazano.llm.prompts, skazano.understand.by_model;"
    code += "print([m for m in ('google.genai', 'requests', 'jinja2', 'pydantic') if m in sys.modules])"
    lib = Path(__file__).resolve().parents[1] / "lib"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(lib)}
    )
    assert out.stdout.strip() == "[]", out.stderr


def test_the_chain_from_configuration(tmp_path, clock):
    engines = {
        "gemini": Engine(kind="gemini", secret="gemini-key"),
        "home": Engine(kind="openai", model="qwen"),
    }
    with LlmServer([GOOD]) as server:
        engines["home"].base_url = f"{server.url}/v1"
        keys = {"gemini-key": None}
        models = open_chain(["gemini", "home"], engines, keys.get, tmp_path / "m.json", clock=clock)
        _, usage = models.complete("s", "t", Said)
    assert usage.engine == "home"
    assert usage.fallback == "gemini: no key (gemini-key)"
    assert server.requests[0]["body"]["model"] == "qwen"
    models = open_chain([], DEFAULTS, keys.get, tmp_path / "m.json", clock=clock)
    with pytest.raises(NoModel) as caught:
        models.complete("s", "t", Said)
    assert caught.value.usage.fallback == ""  # nobody misses what was not wanted

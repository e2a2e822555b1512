"""The writer behind an OpenAI-compatible service: any that speaks chat completions, so Ollama or vLLM will do. What it is told is figures under
names of ours, never a title or a name; what it says is shown only if it keeps to the shape, to plain words and to those figures.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import orjson
from openai import ContentFilterFinishReasonError, LengthFinishReasonError, NotFoundError, OpenAI, OpenAIError, omit
from openai.types.chat import ParsedChatCompletion
from openai.types.shared import ReasoningEffort
from pydantic import ValidationError

from focusflow.settings import Settings
from reports.insights.accounts import Accounts, Call
from reports.insights.grounding import misdated, unearned, ungrounded, unplain
from reports.insights.placeholders import filled
from reports.insights.writer import Insights, NotWritten, Topic

PROMPTS = Path(__file__).with_name("prompts")

#: The version of each prompt that is asked with. An old one is kept as its file: what was written goes back to it.
NEWEST = {"insights": "insights-2", "plan": "plan-3"}

ANSWER_TOKENS = 1200

#: What a model that reasons may use up before its answer begins; both count against one limit.
REASONING_TOKENS = 8000

ANSWER_BYTES = 1_000_000


@dataclass(slots=True)
class Breaker:
    """After some failures in a row nobody is asked for a while: who waits for words gets those of the local writer at once."""

    failures: int = 3
    pause_seconds: float = 300
    monotonic: Callable[[], float] = time.monotonic
    _failed: int = 0
    _shut_until: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_open(self) -> bool:
        """Whether the circuit is broken."""
        return self.monotonic() < self._shut_until

    def note(self, *, is_well: bool) -> None:
        with self._lock:
            self._failed = 0 if is_well else self._failed + 1
            if self._failed >= self.failures:
                self._shut_until = self.monotonic() + self.pause_seconds


@dataclass(frozen=True)
class ServiceWriter:
    """Asks a service, within a budget, and believes nothing that it cannot check."""

    settings: Settings
    accounts: Accounts
    client: OpenAI
    breaker: Breaker = field(default_factory=Breaker)

    def write(self, topic: Topic) -> Insights:
        """What the service says of a topic, or what it said before. Raises `NotWritten` with the reason."""
        version, model = NEWEST[topic.prompt], self.settings.ai_model
        question = orjson.dumps(topic.as_data(), option=orjson.OPT_SORT_KEYS).decode()
        asked = hashlib.sha256(f"{version}\n{model}\n{question}".encode()).hexdigest()
        call = Call(topic.kind, asked, version, model)
        if kept := self.accounts.kept(topic.user_id, asked):
            insights = Insights.model_validate(kept)
            if not rejections(insights, topic):  # it may have been kept by older checks
                return insights
        if self.breaker.is_open:
            raise NotWritten("the service failed several times in a row, and is left alone for a while")
        self.accounts.check_budget(topic.user_id)
        return self._request(topic, call, prompt(version), question)

    def _request(self, topic: Topic, call: Call, instruction: str, question: str) -> Insights:
        begun = time.monotonic()
        try:
            answer = self._answer(instruction, question)
        except (LengthFinishReasonError, ContentFilterFinishReasonError) as error:
            self.breaker.note(is_well=True)
            usage, reason = error.completion.usage if isinstance(error, LengthFinishReasonError) else None, _stop(error)
            spent = (
                call.spending(usage.prompt_tokens, usage.completion_tokens, self.settings.ai_prices) if usage else call
            )
            self.accounts.record(topic, spent.after(begun, "rejected", reason=reason))
            raise NotWritten(reason) from error
        except (OpenAIError, httpx2.HTTPError, ValidationError, ValueError) as error:
            self.breaker.note(is_well=isinstance(error, ValidationError))  # it did answer, in another shape
            reason = _failure(error, call.model)
            self.accounts.record(topic, call.after(begun, "failed", reason=reason))
            raise NotWritten(reason) from error
        self.breaker.note(is_well=True)
        usage, answered = answer.usage, answer.choices[0].message.parsed if answer.choices else None
        written_text = _filled(answered, topic) if answered else None
        spent = call.spending(usage.prompt_tokens, usage.completion_tokens, self.settings.ai_prices) if usage else call
        refused = "the text was too long" if answered else "the model refused"
        wrong = [refused] if written_text is None else rejections(written_text, topic)
        if written_text is None or wrong:
            self.accounts.record(topic, spent.after(begun, "rejected", reason="; ".join(wrong)))
            raise NotWritten(f"the service's words were not shown: {wrong[0]}")
        self.accounts.record(topic, spent.after(begun, "written", output=written_text.model_dump()))
        return written_text

    def _answer(self, instruction: str, question: str) -> ParsedChatCompletion[Insights]:
        return self.client.chat.completions.parse(
            model=self.settings.ai_model,
            messages=[{"role": "system", "content": instruction}, {"role": "user", "content": question}],
            response_format=Insights,
            max_completion_tokens=ANSWER_TOKENS if self.effort == "none" else ANSWER_TOKENS + REASONING_TOKENS,
            reasoning_effort=self.effort or omit,
        )

    @property
    def effort(self) -> ReasoningEffort:
        """What is sent; nothing to a server that may not know the parameter."""
        return self.settings.ai_reasoning_effort or ("none" if self.settings.openai_base_url is None else None)


def _stop(error: LengthFinishReasonError | ContentFilterFinishReasonError) -> str:
    if isinstance(error, LengthFinishReasonError):
        return "the answer was cut off at the limit of tokens"
    return "the service's moderation stopped the answer"


def _failure(error: Exception, model: str) -> str:
    if isinstance(error, NotFoundError):
        return f"the service does not offer the model {model}"
    return f"the service did not answer as it should ({type(error).__name__})"


def offered_models(settings: Settings) -> list[str]:
    """The names of the models that the service offers. Raises an OpenAIError where it does not answer."""
    return sorted(model.id for model in client(settings).models.list())


def rejections(written_text: Insights, topic: Topic) -> list[str]:
    """Why this text is not shown; nothing where it may be."""
    compared = unearned(written_text, topic.compared, topic.numbers)
    return [
        *ungrounded(written_text, topic.numbers),
        *unplain(written_text),
        *compared,
        *misdated(written_text, topic.period),
    ]


def _filled(answered: Insights, topic: Topic) -> Insights | None:
    """With its placeholders printed; None where that makes a text too long."""
    try:
        return filled(answered, topic)
    except ValidationError:
        return None


def prompt(version: str) -> str:
    return (PROMPTS / f"{version}.txt").read_text(encoding="utf-8")


def client(settings: Settings) -> OpenAI:
    """A client whose every call ends: within a time, and within a size."""
    seconds = settings.ai_timeout_seconds
    key = (
        settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    )  # local services ask for none
    return OpenAI(
        api_key=key,
        base_url=settings.openai_base_url,
        timeout=seconds,
        max_retries=settings.ai_retries,
        http_client=httpx2.Client(transport=Bounded(httpx2.HTTPTransport(), seconds), timeout=seconds, trust_env=False),
    )


@dataclass(frozen=True, slots=True)
class Bounded(httpx2.BaseTransport):
    """A client's own timeouts are for each read: an answer that drips would never end."""

    inner: httpx2.BaseTransport
    seconds: float

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        ends_at = time.monotonic() + self.seconds
        response = self.inner.handle_request(request)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=BoundedStream(response.stream, ends_at),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self.inner.close()


@dataclass(frozen=True, slots=True)
class BoundedStream(httpx2.SyncByteStream):
    """The bytes of an answer, up to an end of time and size."""

    inner: httpx2.SyncByteStream
    ends_at: float

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self.inner:
            size += len(chunk)
            if size > ANSWER_BYTES or time.monotonic() > self.ends_at:
                raise httpx2.ReadTimeout("the answer is too long, or takes too long")
            yield chunk

    def close(self) -> None:
        self.inner.close()


def service(settings: Settings, accounts: Accounts) -> ServiceWriter:
    """The service that the settings name."""
    return ServiceWriter(settings, accounts, client(settings))

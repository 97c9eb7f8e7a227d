"""Faults on demand: rules that make chosen requests go wrong in a chosen way.

A rule is a dict with ``kind``, where it applies, and the options of its kind:

=============== ==================================================================================================
where           meaning
=============== ==================================================================================================
``action``      ``ProcessImage``, ``DescribeImageTaskDetail``, ``GetObject`` ..., for Aidge the API path such as
                ``/ai/image/background/generation/query`` and ``GetResult`` for a download; or ``*`` for all. The
                default is by kind
``match``       only requests whose body (MPS, STS, Aidge), ``/bucket/key`` (COS) or path (GetResult) holds this text
``after``       leave the first so many matching requests alone; default 0
``times``       apply to so many requests, then no more; default ``None``, for ever
``probability`` apply with this probability (seeded, so that runs repeat); default 1.0
=============== ==================================================================================================

================ =============================================================================================
kind             options and effect
================ =============================================================================================
``error``        ``code``, ``message``, ``status`` (COS and GetResult only, default 503): the service's own error.
                 From Aidge, a number is the service's ``resCode`` and a word the gateway's ``code``
                 On CopyObject and CompleteMultipartUpload ``status`` 200 is the error inside of a success
``http``         ``status`` (default 502), ``body``: a bare HTTP answer
``reset``        a TCP reset before the request is carried out
``lost_answer``  the request is carried out, then a TCP reset instead of the answer
``garbage``      ``body``, ``executed`` (default false): 200 with something that is not an answer
``delay``        ``seconds``, ``when`` ``before`` (default) or ``after`` the request is carried out
``task_fail``    ``err_code``, ``err_msg``, ``message``, ``inner``: the task created ends FINISH with this error;
                 with ``inner`` the error is in the result set only. On Aidge's submission, ``message`` and
                 ``inner``: the task ends ``failed``; with ``inner`` it ends ``finished`` without its last picture
``task_seconds`` ``seconds``: how long the task created takes
``wrong_picture`` ``shows``: the picture of the task created is ``blank`` (default), ``covered``, ``cut``, ``mirrored``,
                 or the subject ``unchanged``, and the service is content with it
``wrong_text``   ``body``: the text that the task created answers with, in place of its own; others have none
``null_status``  on ProcessImage (default): the first ``n`` detail answers of the task have a null Status and a
                 null result set; on DescribeImageTaskDetail: that answer has
``status``       ``status``: that answer of Aidge's query has this word as ``taskStatus`` and no results
``truncate``     ``n``: the body is cut after n bytes and the connection closed
``wrong_byte``   one byte in the middle of the body is another
``short_length`` ``n`` (default 1): body and Content-Length lack the last n bytes, the checksum is the whole one's
``no_crc``       the answer has no checksum header
================ =============================================================================================

The kinds from ``truncate`` on are for downloads: all for COS, the first and ``short_length`` for GetResult too.

Faults come after the check of signature and limits: a refused request meets none.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

Kind = Literal[
    "error",
    "http",
    "reset",
    "lost_answer",
    "garbage",
    "delay",
    "task_fail",
    "task_seconds",
    "wrong_picture",
    "wrong_text",
    "null_status",
    "status",
    "truncate",
    "wrong_byte",
    "short_length",
    "no_crc",
]

# These decide the answer, so no later rule is asked once one of them applies.
TERMINAL = frozenset({"error", "http", "reset", "lost_answer", "garbage"})

_WHERE = frozenset({"id", "kind", "action", "match", "after", "times", "probability"})
_OPTIONS: dict[str, frozenset[str]] = {
    "error": frozenset({"code", "message", "status"}),
    "http": frozenset({"status", "body"}),
    "reset": frozenset(),
    "lost_answer": frozenset(),
    "garbage": frozenset({"body", "executed"}),
    "delay": frozenset({"seconds", "when"}),
    "task_fail": frozenset({"err_code", "err_msg", "message", "inner"}),
    "task_seconds": frozenset({"seconds"}),
    "wrong_picture": frozenset({"shows"}),
    "wrong_text": frozenset({"body"}),
    "null_status": frozenset({"n"}),
    "status": frozenset({"status"}),
    "truncate": frozenset({"n"}),
    "wrong_byte": frozenset(),
    "short_length": frozenset({"n"}),
    "no_crc": frozenset(),
}


@dataclass(frozen=True, slots=True)
class FaultScope:
    """Where the kinds apply that are not for every action; each service says it for its own.

    :param actions: the actions of such a kind, its default first.
    :param foreign: options of a kind that mean nothing for one of its actions, by both.
    """

    actions: Mapping[str, tuple[str, ...]]
    foreign: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def _all_of(scopes: Iterable[FaultScope]) -> FaultScope:
    actions: dict[str, tuple[str, ...]] = {}
    foreign: dict[tuple[str, str], frozenset[str]] = {}
    for scope in scopes:
        for kind, names in scope.actions.items():
            actions[kind] = (*actions.get(kind, ()), *names)
        foreign |= scope.foreign
    return FaultScope(actions, foreign)


class Rule(BaseModel):
    """One fault rule; see the module for what each field means.

    Where its kind applies is checked by the :class:`FaultScope` that is the context of the validation.
    """

    model_config = ConfigDict(extra="forbid")

    id: int = 0
    kind: Kind
    action: str = ""
    match: str = ""
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=0)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    code: str = "InternalError"
    message: str = "An internal error has occurred."
    status: int | str = 0
    body: str = '{"Response": {"RequestId": "'
    executed: bool = False
    seconds: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    when: Literal["before", "after"] = "before"
    err_code: int = 40000
    err_msg: str = "InternalError"
    inner: bool = False
    shows: Literal["blank", "covered", "cut", "mirrored", "unchanged"] = "blank"
    n: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Rule:
        scope: FaultScope = info.context or FaultScope({})
        if foreign := self.model_fields_set - _WHERE - _OPTIONS[self.kind]:
            raise ValueError(f"a {self.kind!r} fault has no option {', '.join(sorted(foreign))}")
        allowed = scope.actions.get(self.kind, ())
        if not self.action:
            self.action = allowed[0] if allowed else "*"
        elif allowed and self.action not in allowed:
            raise ValueError(f"a {self.kind!r} fault applies to {' or '.join(allowed)} only, not {self.action!r}")
        if foreign := self.model_fields_set & scope.foreign.get((self.kind, self.action), frozenset()):
            raise ValueError(f"a {self.kind!r} fault on {self.action} has no option {', '.join(sorted(foreign))}")
        if self.kind == "status":
            if not isinstance(self.status, str) or not self.status:
                raise ValueError("status must be the word that stands in the answer")
        elif not isinstance(self.status, int) or not (self.status == 0 or 200 <= self.status <= 599):
            raise ValueError("status must be an HTTP status")
        return self

    def http_status(self, default: int) -> int:
        """Return the HTTP status that is asked for, or the default of its kind."""
        return self.status if isinstance(self.status, int) and self.status else default

    def page(self) -> bytes:
        """Return the body of an ``http`` fault: the rule's own, or what a gateway would say."""
        return (self.body if "body" in self.model_fields_set else "<html>Bad gateway</html>").encode()


class Faults:
    """The rules in force. Safe for use from several threads.

    :param seed: the seed of the draws for ``probability``.
    :param scopes: where the kinds apply, as each service says; the default of a kind is that of the first.
    """

    def __init__(self, seed: int = 0, scopes: Iterable[FaultScope] = ()) -> None:
        self._scope = _all_of(scopes)
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311
        self._rules: list[Rule] = []
        self._seen: dict[int, int] = {}
        self._applied: dict[int, int] = {}
        self._last_id = 0

    def add(self, **fields: Any) -> Rule:
        """Add a rule; raises ``ValueError`` (pydantic's) for one that makes no sense."""
        rule = Rule.model_validate(fields, context=self._scope)
        with self._lock:
            self._last_id += 1
            rule.id = self._last_id
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[Rule]:
        """Return the rules in force, in order."""
        with self._lock:
            return list(self._rules)

    def take(self, action: str, text: str) -> list[Rule]:
        """Return the rules that apply to a request, in order, and count them as applied.

        :param action: the request's action.
        :param text: what ``match`` is looked for in.
        """
        taken: list[Rule] = []
        with self._lock:
            for rule in self._rules:
                if rule.action not in ("*", action) or rule.match not in text or not self._due(rule):
                    continue
                taken.append(rule)
                if rule.kind in TERMINAL:
                    break
        return taken

    def _due(self, rule: Rule) -> bool:
        seen = self._seen[rule.id] = self._seen.get(rule.id, 0) + 1
        applied = self._applied.get(rule.id, 0)
        if seen <= rule.after or (rule.times is not None and applied >= rule.times):
            return False
        if rule.probability < 1.0 and self._random.random() >= rule.probability:
            return False
        self._applied[rule.id] = applied + 1
        return True


def deciding(rules: Iterable[Rule]) -> str:
    """Return the kind of the first rule that changes an answer rather than delays it; empty without one."""
    return next((rule.kind for rule in rules if rule.kind != "delay"), "")


def of_kind(rules: Iterable[Rule], kind: Kind) -> Rule | None:
    """Return the first rule of a kind among those that apply."""
    return next((rule for rule in rules if rule.kind == kind), None)

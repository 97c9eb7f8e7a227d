"""What was said of pictures, as a part of their lines or results. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.catalogue.approval.answers import Approval
from airflow_provider_mps.catalogue.approval.candidates import Candidate, entry_of


class Applied:
    """What was said of the pictures of lines, or of results.

    :param candidates: the pictures that there are questions about
    :param approvals: what was said of each
    """

    def __init__(self, candidates: Sequence[Candidate], approvals: Sequence[Approval]) -> None:
        self._found: dict[int, tuple[Approval, int]] = {}
        for one, approval in zip(candidates, approvals, strict=True):
            known = self._found.get(one.part)
            # Of several pictures the first that was chosen is published, and nobody's answer says less than anybody's.
            if known is None or (not known[0].approved and (approval.approved or known[0].at is None)):
                self._found[one.part] = (approval, one.output)

    def is_asked(self, part: int) -> bool:
        """Tell whether there is a question about a line or a result.

        :param part: its place among all, from 0
        """
        return part in self._found

    def approval(self, part: int) -> Approval:
        """Return what was said of a line or a result; of one without a question, nothing.

        :param part: its place among all, from 0
        """
        return self._found[part][0] if part in self._found else Approval()

    def to(self, part: int, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a line or a result with ``approval``, the chosen one of several pictures first.

        :param part: its place among all, from 0
        :param given: the line, or the result
        """
        if part not in self._found:
            return dict(given)
        approval, output = self._found[part]
        told = {**given, "approval": approval.as_dict()}
        if output:
            outputs = list(entry_of(given)["Outputs"])
            changed: dict[str, Any] = {"Outputs": [outputs[output], *outputs[:output], *outputs[output + 1 :]]}
            if "item" in given:
                changed = {"entry": {**entry_of(given), **changed}}
            told |= changed
        return told

"""The refusals of Aidge."""

from __future__ import annotations

from airflow_provider_mps.local.serving.errors import Refusal


class AidgeRefusal(Refusal):
    """A refusal of Aidge: HTTP 200 with an error in the answer.

    The code is a word for a refusal by the gateway, such as ``IncompleteSignature``, and digits for one by the service
    behind it, such as ``700``.
    """

    @property
    def by_service(self) -> bool:
        """Whether the service refuses, rather than the gateway before it."""
        return self.code.isdecimal()

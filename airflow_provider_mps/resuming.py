"""How a task goes on after a deferral, in the try that has deferred and in those after it."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow_provider_mps.compat import current_try

# Beside the arguments of the method that takes an event.
DEFERRED_IN = "_deferred_in_try"


class BeginsAnew:
    """For operators and sensors, before Airflow's base: a retry begins with ``execute``.

    Airflow 3.0 and 3.1.0 resume a retry where the try before it was resumed, with the same event, so that all retries
    fail by what made the first try fail. Where Airflow itself says that a trigger has failed, it leaves no room
    for the number of the try: retries after that fail as those of any operator do.
    """

    def defer(self, *, kwargs: dict[str, Any] | None = None, **rest: Any) -> NoReturn:
        """Wait in the triggerer.

        :param kwargs: what the method gets that takes the event
        :param rest: the other arguments of Airflow's ``BaseOperator.defer``
        """
        number = current_try()
        if number is not None:
            kwargs = {**(kwargs or {}), DEFERRED_IN: number}
        super().defer(kwargs=kwargs, **rest)  # type: ignore[misc]
        raise AssertionError("defer() does not return")

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Any) -> Any:
        """Go on with an event of this try; begin anew with that of an earlier one."""
        arguments = dict(next_kwargs or {})
        number = arguments.pop(DEFERRED_IN, None)
        if number is not None and number != context["ti"].try_number:
            return self.execute(context)  # type: ignore[attr-defined]
        return super().resume_execution(next_method, arguments, context)  # type: ignore[misc]

"""What the parts that know no service ask of one, in a profile for each; the profiles are in ``services``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from airflow_provider_mps.core.outcomes import CodeRule


class UnknownServiceError(LookupError):
    """No profile has this name: nothing is known of what the service's codes mean, nor of what is paid for."""


@dataclass(frozen=True, kw_only=True)
class ServiceProfile:
    """All that differs between services, where the same is done with each.

    :param name: the service's name as people know it
    :param conn_id_field: the argument of operators that names the connection
    :param free_actions: what may be sent again when in doubt; any other action counts as paid, so a new one does too
    :param code_rule: gives what is known of an error code; None if nothing is
    :param no_such_task: tells by action and code whether an error can mean that a task is not known
    :param task_rules: gives what is known of the code of a failed task
    :param task_id_key: what the id of a task is called in XComs, events and trigger arguments; empty without tasks
    :param task_id_word: what the service itself calls that id
    :param record_key: name of the submission record in Airflow's state store
    :param pictures_key: what a result has its pictures under
    :param late_advice: what to do when a task was not done within ``timeout``
    :param ended_advice: what to do when it was not done within ``execution_timeout``
    :param unknown_task_hint: what to look at when the service does not know a task; empty takes the hint of the code
    """

    name: str
    conn_id_field: str
    free_actions: frozenset[str]
    code_rule: Callable[[str], CodeRule | None]
    no_such_task: Callable[[str, str], bool] = lambda action, code: False
    task_rules: Callable[[str], Sequence[CodeRule]] = lambda code: ()
    task_id_key: str = ""
    task_id_word: str = "task id"
    record_key: str = ""
    pictures_key: str = ""
    late_advice: str = ""
    ended_advice: str = ""
    unknown_task_hint: str = ""

    def __str__(self) -> str:
        return self.name

    def hint(self, action: str, code: str) -> str:
        """Return what the person on call can do about an error; empty where nothing is known."""
        if self.unknown_task_hint and self.no_such_task(action, code):
            return self.unknown_task_hint
        rule = self.code_rule(code)
        return rule.hint if rule else ""


_PROFILES: dict[str, ServiceProfile] = {}


def register(profile: ServiceProfile) -> ServiceProfile:
    """Put a profile into the table, and return it.

    :raises ValueError: there is another one of this name
    """
    if _PROFILES.setdefault(profile.name, profile) is not profile:
        raise ValueError(f"there is a profile of {profile.name} already")
    return profile


def profile_of(name: str) -> ServiceProfile:
    """Return the profile of a service.

    :raises UnknownServiceError: there is none of this name
    """
    try:
        return _PROFILES[name]
    except KeyError:
        raise UnknownServiceError(f"no service {name!r} is known here") from None


def services_with_tasks() -> Iterator[ServiceProfile]:
    """Give the profiles of all services that carry out tasks."""
    return (profile for profile in _PROFILES.values() if profile.task_id_key)


def is_free(action: str) -> bool:
    """Tell whether an action is known to cost nothing, so that it may be sent again when in doubt."""
    return any(action in profile.free_actions for profile in _PROFILES.values())

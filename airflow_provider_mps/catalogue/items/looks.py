"""The looks of a catalogue: what is asked for each product."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.batch.arguments import merged
from airflow_provider_mps.catalogue.items.placeholders import Template, read_template
from airflow_provider_mps.catalogue.items.requests import (
    FEWEST,
    LOOK_ARGUMENTS,
    STAND_IN,
    SUBJECT,
    checked_rest,
    written_one_way,
)
from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.requests import Generation
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults

DEFAULT_VERSION = "1"
_PROMPT = "prompt"
_NAME = re.compile(r"\w[\w.-]{0,63}")
_VERSION = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
# What the checks take for a template of Airflow's, and leave.
_FOR_LATER = "{{ placeholder }}"
_EXPECTED = "a dict with a dict of arguments for each look, such as {'white': {'bg_cos_key': '/backgrounds/white.png'}}"


@dataclass(frozen=True, slots=True)
class Look:
    """A look as it is applied to products.

    :param given: its arguments, and the defaults where it says nothing; a text may be a template
    :param subject: the defaults that name the product's picture; a text may be a template
    :param checked: its arguments as they are asked for, where they are the same for all products and complete
    :param frame: all of them but the prompt, where no product changes more than that: then a prompt is all that has to
        be checked
    """

    name: str
    service: LineService
    version: str
    given: Mapping[str, Any]
    subject: Mapping[str, Any]
    checked: Mapping[str, Any] | None = None
    frame: Mapping[str, Any] | None = None

    @property
    def placeholders(self) -> set[str]:
        """The names of all placeholders."""
        return {name for value in (*self.given.values(), *self.subject.values()) for name in names_in(value)}


def folded(text: str) -> str:
    """Return a name as those compare it who see no difference between cases and normal forms."""
    found = (
        text.lower() if text.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    )
    # One text instead of two that are equal: a manifest has hundreds of thousands.
    return text if found == text else found


def check_looks(looks: Any, defaults: Any = None) -> None:
    """Check what no template will change, so that a slip shows when the DAG is read.

    :param looks: arguments of a picture by the name of the look
    :param defaults: arguments for all looks that do not give them
    :raises ArgumentError: a look, or a default, cannot be used; the message names look and argument
    """
    is_open = defaults is not None and arguments.is_template(defaults) and not isinstance(defaults, Mapping)
    given = {} if is_open else read_defaults(defaults)
    _check_subject({name: _unless_open(f"defaults: {name}", given[name]) for name in SUBJECT if name in given})
    if not isinstance(looks, Mapping) and arguments.is_template(looks):
        return
    for name, look in _named(looks):
        if not isinstance(look, Mapping) and arguments.is_template(look):
            continue
        service, _, rest = _parts(name, look)
        try:
            known = {argument: _masked(argument, value) for argument, value in _merged(given, rest, service).items()}
            _check_known(service, known)
        except ArgumentError as error:
            raise ArgumentError(f"looks[{name!r}]: {error}") from None


def read_looks(looks: Any, defaults: Any, storage: StorageDefaults) -> list[Look]:
    """Return the rendered looks.

    :raises ArgumentError: one cannot be used; the message names look and argument
    """
    given = read_defaults(defaults)
    subject = {name: _template(f"defaults: {name}", given[name]) for name in SUBJECT if name in given}
    _check_subject(subject)
    found = []
    for name, look in _named(looks):
        service, version, rest = _parts(name, look)
        try:
            found.append(_look(name, service, version, _merged(given, rest, service), subject, storage))
        except ArgumentError as error:
            raise ArgumentError(f"looks[{name!r}]: {error}") from None
    return found


def read_defaults(defaults: Any) -> Mapping[str, Any]:
    """Return the defaults, or none.

    :raises ArgumentError: they are no dict with arguments of a picture
    """
    if defaults is None:
        return {}
    if not isinstance(defaults, Mapping):
        arguments.fail("defaults", defaults, "a dict with arguments of a picture")
    known = [*SUBJECT, *dict.fromkeys(name for names in LOOK_ARGUMENTS.values() for name in names)]
    for name, value in defaults.items():
        if name not in known:
            raise ArgumentError(f"defaults: {name!r:.60}: no such argument; there are {', '.join(known)}")
        if value is None:
            raise ArgumentError(f"defaults: {name}: was given as None; leave it out")
    return defaults


def names_in(value: Any) -> tuple[str, ...]:
    """Return the names of the placeholders in an argument."""
    if isinstance(value, Template):
        return value.names
    return tuple(name for item in value for name in names_in(item)) if isinstance(value, list) else ()


def _check_subject(subject: Mapping[str, Any]) -> None:
    """Check that the default picture is one of each product."""
    if any("look" in names_in(value) for value in subject.values()):
        raise ArgumentError("defaults: the picture of a product is the same in all looks: {look} cannot be in it")
    for name in ("subject_url", "subject_cos_key"):
        if name in subject and not arguments.is_template(subject[name]) and not any(names_in(subject[name])):
            raise ArgumentError(
                f"defaults: {name}: all products would have one picture; a placeholder tells them apart"
            )


def _named(looks: Any) -> list[tuple[str, Any]]:
    if not isinstance(looks, Mapping) or not looks:
        native = " (a template makes one with render_template_as_native_obj=True)" if isinstance(looks, str) else ""
        arguments.fail("looks", looks, f"{_EXPECTED}{native}")
    seen: dict[str, str] = {}
    for name in looks:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("."):
            arguments.fail("looks", name, "names of letters, digits, '.', '-' and '_', at most 64 of them")
        if (first := seen.setdefault(folded(name), name)) != name:
            raise ArgumentError(f"looks: {first!r} and {name!r} differ only in how they are written")
    return list(looks.items())


def _parts(name: str, look: Any) -> tuple[LineService, str, dict[str, Any]]:
    """Return who makes a look, its version, and its arguments."""
    if not isinstance(look, Mapping):
        arguments.fail(f"looks[{name!r}]", look, "a dict with arguments of a picture")
    rest = {argument: value for argument, value in look.items() if argument != "version"}
    service = LineService.AIDGE if "scene_id" in rest else LineService.MPS
    known = LOOK_ARGUMENTS[service]
    for argument in rest:
        if argument in SUBJECT:
            raise ArgumentError(
                f"looks[{name!r}]: {argument}: belongs to a product: a column of the manifest, or defaults"
            )
        if argument not in known:
            whose = "a look with a scene_id" if service is LineService.AIDGE else "a look without a scene_id"
            raise ArgumentError(f"looks[{name!r}]: {argument!r:.60}: no argument of {whose}; it has {', '.join(known)}")
    version = look.get("version", DEFAULT_VERSION)
    if not isinstance(version, str | int) or isinstance(version, bool) or not _VERSION.fullmatch(str(version)):
        arguments.fail(f"looks[{name!r}]: version", version, "a text or a whole number, at most 64 characters")
    return service, str(version), rest


def services_of(looks: Mapping[str, Mapping[str, Any]]) -> set[LineService]:
    """Return who makes the pictures of some looks."""
    return {_parts(name, look)[0] for name, look in looks.items()}


def _merged(defaults: Mapping[str, Any], look: Mapping[str, Any], service: LineService) -> dict[str, Any]:
    known = {name: defaults[name] for name in LOOK_ARGUMENTS[service] if name in defaults}
    return merged({**FEWEST[service], **known}, look)


def _look(
    name: str,
    service: LineService,
    version: str,
    given: Mapping[str, Any],
    subject: Mapping[str, Any],
    storage: StorageDefaults,
) -> Look:
    texts = {argument: _template(argument, value) for argument, value in given.items()}
    fixed = {argument: value for argument, value in texts.items() if not names_in(value)}
    if any("ext" in names_in(value) for value in texts.values()):
        raise ArgumentError("{ext} is of publish_to alone")
    _check_known(service, {**dict.fromkeys(texts, _FOR_LATER), **fixed})
    given = {**texts, **written_one_way(fixed)}
    same = {argument: value for argument, value in fixed.items() if argument != _PROMPT}
    varies = texts.keys() - fixed.keys()
    checked = _checked(fixed, service, storage) if not varies else None
    frame = None
    if service is LineService.MPS and not varies - {_PROMPT}:
        frame = _checked({**same, _PROMPT: "any"}, service, storage)
    rest = None if frame is None else {argument: value for argument, value in frame.items() if argument != _PROMPT}
    return Look(name, service, version, given, subject, checked, rest)


def _checked(given: Mapping[str, Any], service: LineService, storage: StorageDefaults) -> Mapping[str, Any] | None:
    try:
        return checked_rest(given, service, storage)
    except ArgumentError:
        # What is missing here may be in the manifest; each product says what it still lacks.
        return None


def _template(name: str, value: Any) -> Any:
    """Return a text with placeholders as a template; one without, and any other value, as it is."""
    if isinstance(value, list | tuple):
        return [_template(f"{name}[{index}]", item) for index, item in enumerate(value)]
    if not isinstance(value, str) or not {"{", "}"} & set(value):
        return value
    template = read_template(name, value)
    return template if template.names else template.parts[0]


def _unless_open(name: str, value: Any) -> Any:
    """Return a text with placeholders as a template; one of Airflow's as it is."""
    return value if arguments.is_template(value) else _template(name, value)


def _check_known(service: LineService, given: Mapping[str, Any]) -> None:
    """Check the values that are known, not whether all are there: the manifest may have the rest."""
    if service is LineService.AIDGE:
        Generation(**given, image_url=STAND_IN).check_literals()
        return
    fusion = BgFusion.of({**given, "subject_url": STAND_IN})
    fusion.background.check_given(required=False)
    fusion.check_literals()


def _masked(name: str, value: Any) -> Any:
    """Return a value with placeholders as something that the checks leave for later."""
    if arguments.is_template(value):
        return value
    return _FOR_LATER if names_in(_template(name, value)) else value

"""What templates render to: nothing is no word, and a text stays the text that it is."""

from __future__ import annotations

import inspect
import json
from datetime import datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, TaskDeferred
from hypothesis import HealthCheck, settings
from hypothesis import given as given_by
from hypothesis import strategies as st

from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator, AidgeSceneSearchOperator
from airflow_provider_mps.operators.mps import (
    MpsImageBgFusionBatchOperator,
    MpsImageBgFusionOperator,
    MpsProcessImageOperator,
)
from airflow_provider_mps.sensors.aidge import AidgeImageTaskSensor
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator
from tests.task_context import make_context
from tests.whole import examples

KEY = "/samples/coffee.png"
URL = "https://img.example.com/cup.jpg"
PAYLOAD = {"InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": URL}}, "ScheduleId": 30000}
OUTPUT = {"bucket": "b-1250000000", "region": "ap-guangzhou", "path": "/o/a.jpg"}
IMAGES = {"TaskId": "t", "Images": [{"url": URL, "scene": None, "message": None}]}
# A look, and no pause.
DEFERS = {"deferrable": True}
# Each operator with arguments that it takes; a template goes in the place of each of them, one at a time.
OPERATORS: list[tuple[Any, dict[str, Any]]] = [
    (
        MpsImageBgFusionOperator,
        {
            "subject_cos_key": KEY,
            "subject_cos_bucket": "b-1250000000",
            "subject_cos_region": "ap-guangzhou",
            "bg_cos_key": "/bg.png",
            "bg_cos_bucket": "b-1250000000",
            "bg_cos_region": "ap-guangzhou",
            "prompt": ["soft light"],
            "random_seed": 1,
            "resource_id": "r",
            "output_bucket": "b-1250000000",
            "output_region": "ap-guangzhou",
            "output_dir": "/o/",
            "output_path": "/o/a.jpg",
            "format": "JPEG",
            "image_size": "1K",
            "quality": 85,
            "region": "ap-guangzhou",
        },
    ),
    (MpsImageBgFusionOperator, {"subject_url": URL, "bg_url": URL}),
    (MpsProcessImageOperator, {"payload": PAYLOAD, "region": "ap-guangzhou"}),
    (
        MpsImageBgFusionBatchOperator,
        {
            "requests": [{"subject_cos_key": KEY}],
            "defaults": {"prompt": "x"},
            "max_failed": 1,
            "record_bucket": "b-1250000000",
            "record_region": "ap-guangzhou",
            "record_dir": "/r/",
        },
    ),
    (
        AidgeBackgroundGenerationOperator,
        {"image_url": URL, "scene_id": "1", "need_layout": True, "product_title": "Cup", "image_num": 4},
    ),
    (AidgeBackgroundGenerationOperator, {"image_path": "/a.png", "scene_id": "1", "on_doubt": "fail"}),
    (AidgeSceneSearchOperator, {"product_title": "Cup", "image_url": URL, "category": 1, "count": 5}),
    (MpsImageTaskSensor, {"mps_task_id": "1-WorkflowTask-a", "region": "ap-guangzhou", **DEFERS}),
    (AidgeImageTaskSensor, {"aidge_task_id": "a", **DEFERS}),
    (
        CosToLocalFilesystemOperator,
        {
            "cos_key": "/a",
            "cos_bucket": "b-1250000000",
            "cos_region": "ap-guangzhou",
            "local_path": "/tmp/mps-tests-never/a",
        },
    ),
    (CosToLocalFilesystemOperator, {"outputs": [OUTPUT], "local_dir": "/tmp/mps-tests-never"}),
    (LocalFilesystemToCosOperator, {"local_path": __file__, "cos_key": "/a", "cos_bucket": "b-1250000000"}),
    (AidgeToObjectStorageOperator, {"images": IMAGES, "dest": "/tmp/mps-tests-never"}),
]
PLACES = [(operator, given, name) for operator, given in OPERATORS for name in given if name not in DEFERS]


def in_place(value: Any, template: str) -> Any:
    """Return ``value`` with a template for its first leaf."""
    if isinstance(value, dict):
        first = next(iter(value))
        return {**value, first: in_place(value[first], template)}
    if isinstance(value, list):
        return [in_place(value[0], template), *value[1:]]
    return template


def render(make: Any, value: Any, *, native: bool = False) -> tuple[Any, Any]:
    """Return an operator with its fields rendered, and its context; ``make`` gets the arguments that every task has."""
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), render_template_as_native_obj=native) as dag:
        task = make(task_id="t")
    context = make_context() | {"v": value, "dag": dag}
    task.render_template_fields(context)
    return task, context


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("operator", "given", "name"), PLACES, ids=[f"{operator.__name__}-{name}" for operator, _, name in PLACES]
)
def test_a_template_that_finds_nothing_is_refused_before_a_request(
    operator: Any, given: dict[str, Any], name: str, native: bool, service: LocalService, conn_id: str
) -> None:
    arguments = {**given, name: in_place(given[name], "{{ v }}")}
    task, context = render(lambda **kwargs: operator(**kwargs, **arguments), None, native=native)
    with pytest.raises(InvalidArgumentError, match=rf"^{name}: a template found nothing"):
        task.execute(context)
    assert not service.journal


@pytest.mark.parametrize("template", ["/{{ v }}", "/in/{{ v }}.png", "/in/{{ v }}/a.png", "{{ v }}/{{ v }}"])
def test_a_part_of_a_key_that_is_nothing_is_refused(template: str, service: LocalService, conn_id: str) -> None:
    task, context = render(
        lambda **kwargs: MpsImageBgFusionOperator(subject_cos_key=template, prompt="x", **kwargs), None
    )
    with pytest.raises(InvalidArgumentError, match=r"^subject_cos_key: a template found nothing"):
        task.execute(context)
    assert not service.journal


NOTHING_WRITTEN = [
    *(
        f"{{{{ v | {name} }}}}"
        for name in ("trim", "upper", "lower", "title", "capitalize", "replace('a', 'b')", "safe")
    ),
    *(f"{{{{ v | {name} }}}}" for name in ("urlencode", "e", "center(9)", "striptags", "pprint", "trim | upper")),
    *(
        "{{ '/in/' ~ v ~ '.png' }}",
        "{{ v ~ '' }}",
        "{{ ['a', v] | join('/') }}",
        "{{ [{'a': v}] | join(attribute='a') }}",
    ),
    *("{{ '%s' % v }}", "{{ '%s/%s' % ('a', v) }}", "{{ '%s' | format(v) }}", "{% set a = v | trim %}{{ a }}"),
    *("{{ '/in/{}'.format(v) }}", "{{ '{a}'.format(a=v) }}", "{{ '{0[k]}'.format({'k': v}) }}"),
    *("{{ '{a}'.format_map({'a': v}) }}", "{{ 'a{}'.format(v | trim) }}", "{{ ('a' ~ v).strip() }}"),
    *("{% set f = 'a{}'.format %}{{ f(v) }}", "{{ 'a{:>9}'.format(v | string ~ v) }}"),
    *("{{ v or None }}", "{{ v | default(None) }}", "{{ ('a' ~ v) | lower }}"),
]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("template", NOTHING_WRITTEN)
def test_nothing_is_no_word_behind_a_filter_either(
    template: str, native: bool, service: LocalService, conn_id: str
) -> None:
    task, context = render(
        lambda **kwargs: MpsImageBgFusionOperator(subject_cos_key=KEY, prompt=["x", template], **kwargs),
        None,
        native=native,
    )
    with pytest.raises(InvalidArgumentError, match=r"^prompt: a template found nothing"):
        task.execute(context)
    assert not service.journal


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 'yes' if (v | lower) == 'on' else 'no' }}", "no"),
        ("{% if 'a' ~ v == 'ab' %}b{% else %}c{% endif %}", "c"),
        ("{{ v | string | lower }}", "none"),
        ("{{ (v | trim | length) + 7 % 4 }} of {{ '%d' % 3 }}", "7 of 3"),
        ("{{ 'a' ~ 1 ~ 'b' }} {{ ['a', 1] | join('-') }}", "a1b a-1"),
        ("{{ ' a ' | trim(none) }}", "a"),
        ("{{ '{}-{b:02d}'.format('a', b=3) }} {{ 'x'.upper() }}", "a-03 X"),
        ("{{ 'yes' if '{}'.format(v) == 'None' else 'no' }}", "yes"),
        ("{{ '{}'.format(v | string) }}", "None"),
        ("{{ '{}'.format('{}') }} {{ '{{}}'.format(v) }}", "{} {}"),
    ],
)
def test_what_is_only_looked_at_may_be_nothing(template: str, text: str, native: bool) -> None:
    task, _ = render(
        lambda **kwargs: MpsImageBgFusionOperator(subject_cos_key=KEY, prompt=template, **kwargs), None, native=native
    )
    task.check_found()
    assert task.prompt == text


def test_filters_of_the_dag_stay_its_own() -> None:
    own = {"trim": lambda value: "own", "join": lambda value, *more: "own"}
    with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), user_defined_filters=own):
        task = MpsImageBgFusionOperator(
            task_id="t", subject_cos_key=KEY, prompt="{{ v | trim }} {{ v | join(1, 2, 3) }}"
        )
    task.render_template_fields(make_context() | {"v": None})
    task.check_found()
    assert task.prompt == "own own"


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("template", "value"),
    [("None", "-"), ("{{ v | string }}", None), ("{{ v }}", "None"), ("A cup called {{ v }}", "None")],
)
def test_the_word_none_can_be_said(
    template: str, value: Any, native: bool, service: LocalService, conn_id: str
) -> None:
    task, context = render(
        lambda **kwargs: MpsImageBgFusionOperator(subject_cos_key=KEY, prompt=template, **kwargs), value, native=native
    )
    task.execute(context)
    (accepted,) = service.accepted("ProcessImage")
    assert accepted.body["AddOnParameter"]["ExtPrompt"] == [
        {"Prompt": template.replace("{{ v | string }}", "None").replace("{{ v }}", "None")}
    ]


EXACT = [
    "2024, 2025",
    "007",
    "1.50",
    "1e5",
    "0x10",
    "True",
    "[draft]",
    "['a', 'b']",
    "{'a': 1}",
    '"quoted"',
    "1_000",
    "()",
]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("text", EXACT)
def test_a_text_stays_as_it_is(text: str, native: bool, service: LocalService, conn_id: str) -> None:
    task, _ = render(
        lambda **kwargs: MpsImageBgFusionOperator(
            subject_cos_key="/{{ v }}", prompt=["{{ v }}", "A {{ v }}"], resource_id="{{ v }}", **kwargs
        ),
        text,
        native=native,
    )
    assert (task.subject_cos_key, task.prompt, task.resource_id) == (f"/{text}", [text, f"A {text}"], text)


def test_objects_stay_objects_with_native_rendering(service: LocalService, conn_id: str) -> None:
    def make(**kwargs: Any) -> Any:
        return MpsImageBgFusionBatchOperator(requests="{{ v }}", defaults="{{ {'prompt': 'x'} }}", **kwargs)

    task, _ = render(make, [{"subject_cos_key": KEY}], native=True)
    assert (task.requests, task.defaults) == ([{"subject_cos_key": KEY}], {"prompt": "x"})
    task, _ = render(make, json.dumps([{"subject_cos_key": KEY}]), native=True)
    assert task.requests == [{"subject_cos_key": KEY}]
    task, _ = render(
        lambda **kwargs: MpsImageBgFusionOperator(subject_cos_key=KEY, prompt="{{ v }}", **kwargs),
        ["2024, 2025", "b"],
        native=True,
    )
    assert task.prompt == ["2024, 2025", "b"]


@pytest.mark.parametrize("value", [{"a", "b"}, frozenset({"a"}), {"a": 1}.keys(), (word for word in "ab"), b"a", {}])
def test_what_has_no_order_is_refused_when_the_dag_is_read(value: Any) -> None:
    with pytest.raises(ValueError, match=r"prompt: expected a text or a list of texts"):
        MpsImageBgFusionOperator(task_id="t", subject_url=URL, prompt=value)
    with pytest.raises(ValueError, match=r"requests\[0\]: prompt: expected a text or a list of texts"):
        MpsImageBgFusionBatchOperator(task_id="t", requests=[{"subject_url": URL, "prompt": value}])
    with pytest.raises(ValueError, match=r"^requests: expected a list of dicts"):
        MpsImageBgFusionBatchOperator(task_id="t", requests=value)
    with pytest.raises(ValueError, match=r"payload: expected plain JSON values"):
        MpsProcessImageOperator(task_id="t", payload={**PAYLOAD, "Tags": {"a", "b"}})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject_cos_key", 12345),
        ("output_dir", 20261127),
        ("prompt", 1.5),
        ("resource_id", 7),
        ("prompt", (2024, "b")),
    ],
)
def test_numbers_of_an_xcom_are_texts(name: str, value: Any, service: LocalService, conn_id: str) -> None:
    given = {"subject_cos_key": KEY, "prompt": "x", name: value}
    service.put_object(service.bucket, "12345", service.get_object(service.bucket, "samples/coffee.png"))
    MpsImageBgFusionOperator(task_id="t", **given).execute(make_context())
    assert len(service.accepted("ProcessImage")) == 1


@pytest.mark.parametrize("operator", sorted({operator for operator, _ in OPERATORS}, key=lambda kind: kind.__name__))
def test_a_constructor_names_all_that_it_documents(operator: Any) -> None:
    documented = [
        line.split()[1].rstrip(":") for line in operator.__doc__.splitlines() if line.strip().startswith(":param")
    ]
    named = inspect.signature(operator.__init__).parameters
    # soft_fail is Airflow's own.
    assert [name for name in documented if name not in named and name != "soft_fail"] == []
    assert set(operator.template_fields) <= set(named)


@pytest.fixture
def _nobody_answers(_no_waits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_COS_BUCKET", "b-1250000000")
    extra = {"endpoint": "127.0.0.1:9", "cos_endpoint": "127.0.0.1:9", "protocol": "http"}
    for conn_id, host in (("tencentcloud", None), ("aidge", "127.0.0.1")):
        connection = {"conn_type": conn_id, "login": "a" * 20, "password": "b" * 20, "host": host}
        connection["extra"] = extra if conn_id == "tencentcloud" else {"protocol": "http"}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}_DEFAULT", json.dumps(connection))


hostile = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["\ud800", "a\ud800b", "\x00", "~nobody-there/x", "..", ".", "/", "//", "cos:///", "http://[", "a" * 9000]
    ),
    st.none(),
    st.integers(),
    st.floats(),
    st.binary(max_size=3),
    st.lists(st.text(max_size=3) | st.none() | st.sets(st.integers()), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    st.sets(st.text(max_size=3), max_size=2),
)


@pytest.mark.usefixtures("_nobody_answers")
@pytest.mark.parametrize("when", ["built", "rendered"])
# The same examples each time: what a run of many others finds becomes one of the cases above.
@settings(
    max_examples=examples(150),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given_by(place=st.sampled_from(PLACES), value=hostile)
def test_an_argument_that_cannot_be_used_is_named(
    when: str, place: tuple[Any, dict[str, Any], str], value: Any
) -> None:
    operator, given, name = place
    error = None
    try:
        if when == "built":
            task = operator(task_id="t", **{**given, name: value})
        else:
            task = operator(task_id="t", **given)
            setattr(task, name, value)
        task.execute(make_context())
    except (Exception, TaskDeferred) as raised:
        error = raised
    if isinstance(error, ValueError):
        # The picture at image_path is not there, which is found last.
        assert any(
            word in str(error) for word in (name, "image_path", "requests[0]: prompt", "cos_key with local_path")
        ), repr(error)
    elif error is not None:
        # The address that is dialled answers nobody: all arguments were good.
        ours = type(error).__module__.startswith("airflow_provider_mps")
        assert ours or type(error).__name__ in ("TaskDeferred", "AirflowSkipException"), repr(error)

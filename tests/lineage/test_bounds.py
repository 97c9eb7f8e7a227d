"""Thousands of datasets become few names, and each dataset is under one of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.dataset_bounds import BoundedDatasets, Reported
from airflow_provider_mps.core.datasets import Dataset

SHOP = "cos://shop-1250000000"


def bounded(datasets: list[Dataset], most: int) -> list[Reported]:
    found = BoundedDatasets(most)
    for dataset in datasets:
        found.add(dataset)
    return list(found)


def names(datasets: list[Dataset], most: int) -> dict[str, int | None]:
    return {one.dataset.name: one.files for one in bounded(datasets, most)}


def test_few_are_named_each() -> None:
    given_ = [Dataset(SHOP, f"out/{n}.png") for n in (1, 2, 1)]
    assert names(given_, 2) == {"out/1.png": None, "out/2.png": None}


def test_many_are_named_by_their_folders() -> None:
    made = [Dataset(SHOP, f"out/{look}/{n}.png") for n in range(5000) for look in ("white", "wood")]
    assert names(made, 50) == {"out/white": 5000, "out/wood": 5000}


def test_folders_go_up_until_they_are_few() -> None:
    made = [Dataset(SHOP, f"out/{n}/main.png") for n in range(60)]
    assert names(made, 50) == {"out": 60}
    assert names([Dataset(SHOP, f"{n}.png") for n in range(60)], 50) == {"/": 60}
    assert names([Dataset("file", f"/{n}/a.png") for n in range(60)], 50) == {"/": 60}


def test_the_file_beside_the_pictures_keeps_its_name() -> None:
    made = [Dataset(SHOP, "shop/pictures.jsonl"), *(Dataset(SHOP, f"shop/out/{n}.png") for n in range(100))]
    assert names(made, 50) == {"shop/pictures.jsonl": None, "shop/out": 100}


def test_of_too_many_storages_the_first_are_kept() -> None:
    found = bounded([Dataset(f"https://{n}.example.com", "/cup.png") for n in range(9)], 3)
    assert [one.dataset.namespace for one in found] == [f"https://{n}.example.com" for n in range(3)]


namespaces = st.sampled_from(("cos://a-1", "cos://b-1", "file"))
paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)
datasets = st.builds(lambda space, path: Dataset(space, f"/{path}" if space == "file" else path), namespaces, paths)


@given(st.lists(datasets), st.integers(3, 9))
def test_every_dataset_is_under_a_name(given_: list[Dataset], most: int) -> None:
    found = bounded(given_, most)
    assert len(found) <= most
    told = {one.dataset for one in found}
    assert len(told) == len(found)
    for dataset in given_:
        parts = dataset.name.strip("/").split("/")
        lead = "/" if dataset.namespace == "file" else ""
        above = [f"{lead}{'/'.join(parts[:depth])}" or "/" for depth in range(len(parts) + 1)]
        assert any(Dataset(dataset.namespace, name) in told for name in above), dataset
    if len(set(given_)) <= most:
        assert told == set(given_)
        assert all(one.files is None for one in found)

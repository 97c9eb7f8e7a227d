"""The state of Aidge's stand-in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_mps.local.aidge.files import ResultFiles
from airflow_provider_mps.local.aidge.maker import AidgeMaker
from airflow_provider_mps.local.aidge.replies import SHAPES, Shape
from airflow_provider_mps.local.aidge.tasks import AidgeTasks, Quotas
from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.scene_pictures import ScenePictures
from airflow_provider_mps.local.serving.accounts import Accounts
from airflow_provider_mps.local.serving.work import WorkPool

# Made up, and good for nothing but a service on this machine.
DEFAULT_KEY_NAME = "500000"
DEFAULT_SECRET = "local-aidge-secret-not-a-real-one"  # noqa: S105


@dataclass(frozen=True, slots=True)
class AidgeOptions:
    """What can be chosen.

    :param accounts: ``(key name, secret)`` pairs, at least one; every pair is an account of its own.
    :param paid_quota: how many submissions each account may make; ``None`` for no limit.
    :param trial_quota: the same for submissions with the trial header.
    :param url_seconds: how long the address of a result is good for.
    :param shape: the shape of answers.
    """

    accounts: Sequence[tuple[str, str]] = ((DEFAULT_KEY_NAME, DEFAULT_SECRET),)
    paid_quota: int | None = None
    trial_quota: int | None = None
    url_seconds: float = 3600
    shape: Shape = "aidge"


class AidgeState:
    """The state of Aidge's stand-in.

    :param options: what was chosen.
    :param folder: where results go.
    :param pool: carries tasks out.
    :param pictures: cuts products out.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(
        self,
        options: AidgeOptions,
        *,
        folder: Path,
        pool: WorkPool,
        pictures: Pictures,
        clock: Callable[[], float],
    ) -> None:
        if not options.accounts:
            raise ValueError("aidge_accounts: at least one (key name, secret) is needed")
        if options.shape not in SHAPES:
            raise ValueError(f"aidge_replies: expected {' or '.join(SHAPES)}, got {options.shape!r}")
        self.shape = options.shape
        self.accounts = Accounts(options.accounts, clock)
        self.quotas = Quotas(options.paid_quota, options.trial_quota)
        self.tasks = AidgeTasks(clock)
        self.files = ResultFiles(folder, options.url_seconds)
        self.pictures = ScenePictures(pictures)
        self.maker = AidgeMaker(pool, self.pictures, self.files, clock)

"""The application of one local service: which endpoints there are, and which of them is asked first."""

from __future__ import annotations

from airflow_provider_mps.local.aidge.endpoint import Aidge
from airflow_provider_mps.local.aidge.results import AidgeResults
from airflow_provider_mps.local.aidge.showcase import AidgeShowcase
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.cos.endpoint import Cos
from airflow_provider_mps.local.cos.showcase import CosShowcase
from airflow_provider_mps.local.serving.admin import Admin
from airflow_provider_mps.local.serving.app import Handler, LocalApp
from airflow_provider_mps.local.tencentcloud.api3 import Api3
from airflow_provider_mps.local.tencentcloud.showcase import MpsShowcase


def make_app(backend: Backend) -> LocalApp:
    """Put the application together.

    :param backend: the service's state.
    """
    serving = backend.serving
    showcases = [MpsShowcase(backend.tencentcloud), AidgeShowcase(backend.aidge), CosShowcase(backend.cos)]
    # A bucket is told by its host, whatever the path; API 3.0 has no path to tell it by.
    handlers: list[Handler] = [
        Cos(serving, backend.cos),
        Admin(serving, showcases),
        Aidge(serving, backend.aidge),
        AidgeResults(serving, backend.aidge),
        Api3(serving, backend.tencentcloud),
    ]
    return LocalApp(handlers, backend.clock)

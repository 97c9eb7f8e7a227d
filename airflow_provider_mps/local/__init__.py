"""A local stand-in for Tencent Cloud MPS, STS and COS, and for Alibaba Aidge.

``python -m airflow_provider_mps.local`` starts it on loopback, so that DAGs are developed and tested without an
account. It speaks the services' real wire: it verifies the signatures with code of its own, refuses unknown fields,
wrong types and broken rules with the services' error codes, keeps the limits per second and makes a real picture.
It is not the model: the subject is cut out by classical means and put on the given or a drawn background.

From Python, usually in a test::

    from airflow_provider_mps.local.service import LocalService

    with LocalService(task_seconds=0.2) as service:
        service.connection()  # the Airflow connection, as a dict; aidge_connection() is Aidge's
        service.add_fault(kind="error", action="ProcessImage", code="InternalError", times=1)
        service.accepted("ProcessImage")  # the journal of what was accepted

Over HTTP, the same things are under ``/_local/``: see :mod:`airflow_provider_mps.local.serving.admin`. What can be
made to fail is described in :mod:`airflow_provider_mps.local.serving.faults`.

``pictures`` and ``serving`` know no service; ``cos`` stands on them, ``tencentcloud`` and ``aidge`` on all three and
beside each other. ``backend`` puts their states together, ``app`` their endpoints, ``service`` starts both.
"""

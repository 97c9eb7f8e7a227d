"""What people look at in Airflow's own pages: the pictures of a run, and questions about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_mps.gallery.approval import approval_body, approval_questions, approved_pictures

__all__ = ["approval_body", "approval_questions", "approved_pictures"]


def __getattr__(name: str) -> Any:
    # A DAG file names them, and calls none of them when it is read.
    if name in __all__:
        from airflow_provider_mps.gallery import approval

        return getattr(approval, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The connection form for Airflow before 3.2, which asks the hook class for it and not the provider's description."""

from __future__ import annotations

from typing import Any, TypeVar

from airflow_provider_mps.compat import READS_CONNECTION_FORMS
from airflow_provider_mps.connection_types import connection_types

_Hook = TypeVar("_Hook", bound=type)


def with_form(hook_class: _Hook) -> _Hook:
    """Give a hook class the methods of its form on an Airflow that looks for them, and leave it alone on a newer one.

    Airflow looks into the class itself and not into its bases, so this is no base class.
    """
    if not READS_CONNECTION_FORMS:
        hook_class.get_connection_form_widgets = classmethod(_widgets)  # type: ignore[attr-defined]
        hook_class.get_ui_field_behaviour = classmethod(_behaviour)  # type: ignore[attr-defined]
    return hook_class


def _widgets(hook_class: Any) -> dict[str, Any]:
    """Return the fields of the form, of what Airflow's old web server brings and newer ones put in its place."""
    import wtforms
    from flask_appbuilder import fieldwidgets
    from wtforms import validators

    found = {}
    for name, field in _description(hook_class)["conn-fields"].items():
        schema = field["schema"]
        checks = [validators.Optional()]
        options = {"label": field["label"], "description": field["description"]}
        if schema["type"][0] == "boolean":
            found[name] = wtforms.BooleanField(**options)
            continue
        if "enum" in schema:
            checks.append(validators.any_of(schema["enum"]))
        if schema.get("format") == "password":
            widget = fieldwidgets.BS3PasswordFieldWidget()
            found[name] = wtforms.PasswordField(widget=widget, validators=checks, **options)
        else:
            # Numbers too: that form has no other than whole ones.
            found[name] = wtforms.StringField(widget=fieldwidgets.BS3TextFieldWidget(), validators=checks, **options)
    return found


def _behaviour(hook_class: Any) -> dict[str, Any]:
    """Return what the form does with the fields that every connection has."""
    described = _description(hook_class)["ui-field-behaviour"]
    return {name.replace("-", "_"): value for name, value in described.items()}


def _description(hook_class: Any) -> dict[str, Any]:
    return next(described for described in connection_types() if described["connection-type"] == hook_class.conn_type)

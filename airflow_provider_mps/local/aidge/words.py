"""What the parts of Aidge's stand-in call things."""

from __future__ import annotations

REST_PREFIX = "/rest"
SUBMIT = "/ai/image/background/generation/scenario"
QUERY = "/ai/image/background/generation/query"
SCENE_QUERY = "/ai/image/background/generation/scene/query"

# The journal's name for a download of a result.
GET_RESULT = "GetResult"

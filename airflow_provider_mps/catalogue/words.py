"""The words of a catalogue: in plans, in its record, in arguments. They are in files, so none is ever changed."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a run does about an item."""

    MAKE = "make"
    """A service is asked for the picture, which is paid for."""
    PUBLISH = "publish"
    """The picture is there, paid for by an earlier run, and only has to be published."""
    UNPUBLISH = "unpublish"
    """The product is gone from the manifest, and its picture from the shop."""


class Why(StrEnum):
    """Why a line is in a plan. Where several are true, the first of these is said."""

    FORCED = "forced"
    NEW = "new"
    SUBJECT_CHANGED = "subject changed"
    BACKGROUND_CHANGED = "background changed"
    REQUEST_CHANGED = "request changed"
    FAILED_LAST_TIME = "failed last time"
    NOT_THERE = "published picture is gone"
    MADE_BEFORE = "made before, not published"
    """Of :attr:`Action.PUBLISH` only."""
    REMOVED = "removed"
    """Of :attr:`Action.UNPUBLISH` only."""
    REMADE = "rejected by the check"
    """The picture that was made is not right, so it is made once more; in no plan, but in the lines of a check."""


class LeftOut(StrEnum):
    """Why there is no line for an item in a plan."""

    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """The run may not pay for more."""
    REFUSED = "refused"
    """The same request has failed for good before."""
    IN_ANOTHER_RUN = "in_another_run"
    """Another run is about to make it."""
    UNREACHABLE = "unreachable"
    """Nobody answers at the address of a picture that is new."""
    REMOVED = "removed"
    """It is gone from the manifest, and its picture stays."""


class EventName(StrEnum):
    """What the record says of an item."""

    PLANNED = "planned"
    """A run is going to make it: no other run takes it meanwhile."""
    WAITING = "waiting"
    """It is wanted, and no run was allowed to pay for it yet."""
    MADE = "made"
    FAILED = "failed"
    RELEASED = "released"
    """It was planned, and has certainly not been submitted."""
    PUBLISHING = "publishing"
    """A picture is about to be put under a final key that the record does not know yet."""
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    REJECTED = "rejected"
    """The check has rejected its picture."""
    ASKED = "asked"
    """The service is asked what it makes of its picture, which is paid for."""
    ANSWERED = "answered"


class OnReject(StrEnum):
    """What becomes of a picture that the check rejects."""

    FAIL = "fail"
    LEAVE_OUT = "leave_out"
    REMAKE = "remake"


class AskPer(StrEnum):
    """What there is a question for, where people approve pictures."""

    PAGE = "page"
    """Many pictures, to tick off."""
    PRODUCT = "product"
    """The pictures of a product, to choose the best."""
    PICTURE = "picture"


MAX_PER_PAGE = 50
"""How many pictures a question may be about."""


class LineService(StrEnum):
    """Who makes the picture of a line."""

    MPS = "mps"
    AIDGE = "aidge"


class OnBadRow(StrEnum):
    """What becomes of a run whose manifest has rows that cannot be used."""

    FAIL = "fail"
    SKIP = "skip"


class OnRemoved(StrEnum):
    """What becomes of the pictures of products that are gone from the manifest."""

    KEEP = "keep"
    UNPUBLISH = "unpublish"


class Show(StrEnum):
    """Which pictures of an item stand on a contact sheet."""

    SUBJECT = "subject"
    BEFORE = "before"
    RESULT = "result"


class Kind(StrEnum):
    """What a file of a run has in it: its name begins with that."""

    PLAN = "plan"
    DRY_PLAN = "dry-plan"
    """What would be made; its lines have no action, and no batch takes it."""
    LEFT_OUT = "left-out"
    BEGUN = "begun"
    """Which batch has begun, for runs that come after a dead one."""
    PICTURES = "pictures"
    LABELLED = "labelled"
    CHECKED = "checked"
    REMAKE = "remake"
    """What is made once more after a check; a plan of its own."""
    OPINION = "opinion"
    """Which pictures the service is asked about."""
    PUBLISHED = "published"
    REPORT = "report"
    SHEET = "sheet"
    """A contact sheet."""

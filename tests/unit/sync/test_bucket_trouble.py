"""What the object store complains of."""

from __future__ import annotations

import pytest

from smartlogd.base.errors import Fate
from smartlogd.sync.bucket_trouble import ObjectsAway, ObjectsDiffer, ObjectsRefuse, trouble_of, unproven, unreachable


@pytest.mark.parametrize(
    ("code", "status", "kind", "said"),
    [
        ("SlowDown", 503, ObjectsAway, "cannot take it now"),
        ("", 500, ObjectsAway, "cannot take it now"),
        ("InternalError", 500, ObjectsAway, "InternalError"),
        ("BadDigest", 400, ObjectsAway, "cannot take it now"),
        ("RequestTimeTooSkewed", 403, ObjectsAway, "clock is wrong"),
        ("QuotaExceeded", 403, ObjectsAway, "no room"),
        ("507", 507, ObjectsAway, "no room"),
        ("AccessDenied", 403, ObjectsRefuse, "refuses this device"),
        ("SignatureDoesNotMatch", 403, ObjectsRefuse, "SignatureDoesNotMatch"),
        ("NoSuchBucket", 404, ObjectsRefuse, "no such bucket"),
        ("PermanentRedirect", 301, ObjectsRefuse, "elsewhere"),
        ("MethodNotAllowed", 405, ObjectsDiffer, "does not speak S3"),
        ("NotImplemented", 501, ObjectsAway, "cannot take it now"),
    ],
)
def test_each_complaint_is_a_sentence_and_a_fate(code: str, status: int, kind: type, said: str) -> None:
    trouble = trouble_of(code, status, "the server's\nown words")
    assert type(trouble) is kind
    assert said in trouble.what
    assert "own words" not in trouble.what, "one line is enough"
    assert trouble.fate is Fate.RETRY
    assert trouble.needs_someone is not isinstance(trouble, ObjectsAway)


def test_one_object_that_is_not_taken_is_put_aside() -> None:
    assert trouble_of("EntityTooLarge", 400, "").word == "aside"
    assert trouble_of("", 413, "").word == "aside"


def test_a_line_and_a_certificate_are_told_apart() -> None:
    assert (unreachable("refused").word, unproven("self-signed").word) == ("away", "refused")

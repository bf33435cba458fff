"""Exceptions keep their attributes when they are pickled, as between processes."""

from __future__ import annotations

import copy
import errno
import multiprocessing
import os
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from handmade import Instance

import shmpub

ERRORS: list[tuple[Exception, dict[str, Any]]] = [
    (shmpub.Error("text"), {}),
    (shmpub.InstanceNotFound("text", ("a", "b")), {"instances": ("a", "b")}),
    (shmpub.FeedNotFound("text", "near"), {"nearest": "near"}),
    (shmpub.NotPublished("text"), {}),
    (shmpub.FormatError("text"), {}),
    (shmpub.Gap("text"), {}),
    (shmpub.UntrustedOwner("text", 54321), {"uid": 54321, "owner": 54321}),
    (shmpub.UntrustedOwner("text", "S-1-5-7"), {"uid": -1, "owner": "S-1-5-7"}),
    (
        shmpub.Stale("text", "quotes", timedelta(seconds=9), "why"),
        {"feed": "quotes", "age": timedelta(seconds=9), "last_error": "why"},
    ),
    (
        shmpub.AccessDenied("text", "/dev/shm/x"),
        {"filename": "/dev/shm/x", "errno": errno.EACCES},
    ),
    (shmpub.DaemonNotFound("text"), {}),
    (shmpub.DaemonError("text", "all\nof it\n"), {"log": "all\nof it\n"}),
    (shmpub.InstanceTaken("text", 17), {"pid": 17, "log": ""}),
]
IDS = [type(error).__name__ for error, _ in ERRORS]


def test_all_are_here() -> None:
    kinds = {value for value in vars(shmpub).values() if isinstance(value, type)}
    assert {type(e) for e, _ in ERRORS} == {k for k in kinds if issubclass(k, Exception)}


def same(got: BaseException, error: Exception, attributes: dict[str, Any]) -> None:
    assert type(got) is type(error)
    assert str(got) == str(error) == "text"
    for name, value in attributes.items():
        assert getattr(got, name) == value


@pytest.mark.parametrize(("error", "attributes"), ERRORS, ids=IDS)
def test_pickled_and_copied(error: Exception, attributes: dict[str, Any]) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        same(pickle.loads(pickle.dumps(error, protocol)), error, attributes)
    same(copy.copy(error), error, attributes)
    same(copy.deepcopy(error), error, attributes)


@pytest.mark.parametrize("error", [e for e, _ in ERRORS], ids=IDS)
def test_known_as_users_know_them(error: Exception) -> None:
    assert type(error).__module__ == "shmpub"
    assert repr(type(error)) == f"<class 'shmpub.{type(error).__name__}'>"
    with pytest.raises(shmpub.Error):
        raise error


def fail(index: int) -> None:
    raise ERRORS[index][0]


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("index", range(len(ERRORS)), ids=IDS)
def test_from_a_worker_process(workers: ProcessPoolExecutor, index: int) -> None:
    got = workers.submit(fail, index).exception(timeout=60)
    assert got is not None
    same(got, *ERRORS[index])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
def test_a_feed_of_another_user_s_in_a_pool(instance: Instance, directory: Path) -> None:
    """An exception that could not be unpickled made a Pool wait for ever."""
    instance.slot("quotes")
    os.chown(instance.path, 54321, 54321)
    feed = shmpub.subscribe("quotes", directory=directory)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        answer = pool.apply_async(shmpub.Feed.snapshot, (feed,))
        with pytest.raises(shmpub.UntrustedOwner) as caught:
            answer.get(timeout=60)
    assert caught.value.uid == 54321

"""What workers are told of the store that a session lies in, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.evaluator.cluster.messages import Orders, Sealed
from feedeval.evaluator.cluster.stores import options_of, place_name, refuse_unshared, use_options
from feedeval.jobs.audit import AuditSettings
from feedeval.run.settings import RunSettings
from feedeval.storage.addresses import options_for, scratch_folder, use_storage
from feedeval.storage.paths import SessionFolder
from tests.storage.remote.places import environment

ADDRESS = "memory://shop/of/stores"
SECRET = "a-secret-that-nobody-sees"


@pytest.fixture(autouse=True)
def forgetful(tmp_path: Path) -> Iterator[None]:
    with environment({"FEEDEVAL_SCRATCH": str(tmp_path / "home")}):
        yield
        use_storage(ADDRESS)
        use_storage("memory://shop")


def test_a_folder_is_called_by_its_path_and_an_address_by_itself(tmp_path: Path) -> None:
    assert place_name(SessionFolder.of(tmp_path)) == str(tmp_path)
    assert place_name(SessionFolder.of(ADDRESS)) == ADDRESS
    assert options_of(SessionFolder.of(tmp_path)) is None and options_of(SessionFolder.of(ADDRESS)) is None
    use_storage("memory://shop", secret=SECRET)
    assert options_of(SessionFolder.of(ADDRESS)) == {"secret": SECRET}, "what is said of a bucket holds for all in it"


def test_what_one_run_said_of_a_store_is_not_used_by_the_next() -> None:
    use_options(ADDRESS, {"secret": SECRET})
    assert options_for(ADDRESS) == {"secret": SECRET}
    use_options(ADDRESS, None)
    assert options_for(ADDRESS) == {}
    # What the worker itself was told stays.
    use_storage(ADDRESS, secret="its own")
    use_options(ADDRESS, None)
    assert options_for(ADDRESS) == {"secret": "its own"}


def test_orders_show_no_option_of_the_store() -> None:
    orders = Orders(RunSettings(), {}, {}, None, audit=AuditSettings(), storage={"secret": SECRET})
    assert SECRET not in repr(orders) and SECRET not in repr(Sealed(orders))


def test_an_address_that_no_other_process_sees_is_refused(tmp_path: Path) -> None:
    refuse_unshared(tmp_path)
    refuse_unshared(scratch_folder("s3://shop/audits"))
    with pytest.raises(InputError, match=r"memory://shop/of/stores is seen by this process alone: with cluster=, give"):
        refuse_unshared(scratch_folder(ADDRESS))

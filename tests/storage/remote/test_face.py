"""Addresses as people type them: in the notebook, in the terminal, and what is never written or said of their keys."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

import feedeval as fe
from feedeval.errors import InputError
from feedeval.storage.addresses import options_for, use_storage
from feedeval.storage.remote.objects import open_objects
from tests.e2e.support import make_feed, write_jsonl
from tests.storage.remote.places import KEYS, environment, new_bucket, s3_environment

SECRET = "wJalrXUtnFEMI-the-secret-of-this-test"
KEY = "AKIAIOSFODNN7TEST"


def audit(output: str, products: int = 6, **options: object) -> fe.ProductFeedEvaluator:
    evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=output, **options)  # type: ignore[arg-type]
    evaluator.evaluate_products_batch(make_feed(products), batch_size=5, progress="none")
    return evaluator


def test_an_audit_is_written_read_and_gone_on_with_in_every_place(output: str, tmp_path: Path) -> None:
    evaluator = audit(output)
    session = fe.load_session(output_dir=output)
    assert fe.list_sessions(output)["session"].tolist() == [session.id]
    assert len(session.results) == 6 and output in repr(session) and output in session.summary()._repr_html_()
    assert evaluator.get_evaluation_status()["batch_info"]["done"] == 6
    assert len(evaluator.resume_evaluation(make_feed(6))) == 6
    assert fe.report(session, tmp_path / "report.html")
    again = fe.resume(session, make_feed(6))
    again.wait()
    assert again.sid == session.id and output in again._repr_html_()
    fe.dashboard(output)
    audit(output, products=8)
    assert len(fe.compare(*sorted(fe.list_sessions(output)["session"]), output_dir=output).products)


def command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "feedeval", *arguments], env=os.environ, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_the_terminal_takes_an_address(s3: str, tmp_path: Path) -> None:
    feed = write_jsonl(tmp_path / "feed.jsonl", make_feed(6))
    where = ("--output-dir", s3)
    assert s3 in command("run", str(feed), "--model", "offline", *where)
    assert "finished" in command("list", *where)
    assert "all files are whole" in command("verify", *where)
    assert s3 in command("info", *where)
    command("gaps", *where)
    assert "(0.0" in command("backup", "--to", str(tmp_path / "b.tar.gz"), *where)
    assert f"in {s3}" in command("cleanup", "--all", "--yes", *where)
    assert "There is no session" in command("list", *where)
    assert f"Restored to {s3}" in command("restore", str(tmp_path / "b.tar.gz"), *where)


def test_keys_reach_no_file_and_no_message(
    s3_endpoint: str, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, logger="feedeval")
    known = {name: value for name, value in s3_environment(s3_endpoint).items() if name not in KEYS}
    with environment(s3_environment(s3_endpoint)):
        bucket = new_bucket()
    address = f"s3://{bucket}/audits"
    with environment(known):
        evaluator = audit(address, storage_options={"key": KEY, "secret": SECRET})
        session = fe.load_session(output_dir=address)
        shown = [repr(evaluator), repr(session), session._repr_html_(), repr(fe.list_sessions(address))]
        options = dict(options_for(address))
        objects = open_objects(address)
        stored = b"".join(objects.get(list(objects.listed())).values())
        with pytest.raises(fe.FeedevalError) as raised:
            fe.load_session(output_dir=f"s3://{KEY}:{SECRET}@{bucket}/audits")
        shown.append(str(raised.value))
        use_storage(address)
    assert options == {"key": KEY, "secret": SECRET}
    files = stored + b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"coverage_pct" in files
    shown += [caplog.text, *capsys.readouterr()]
    for secret in (KEY, SECRET):
        assert secret.encode() not in files
        assert not [text for text in shown if secret in text]


def test_what_a_library_says_of_a_key_is_not_repeated(s3: str) -> None:
    objects = open_objects(s3)
    said = objects._fault("read from", PermissionError(f"no such key: {KEYS['AWS_SECRET_ACCESS_KEY']}"))  # type: ignore[attr-defined]
    assert "no such key: ***. Check the keys and rights" in str(said)


@pytest.mark.parametrize(
    "address",
    ["s3://key:secret@bucket/prefix", "s3://key@bucket/prefix", "s3://bucket/prefix?token=secret", "az://a:secret@b/c"],
)
def test_an_address_with_a_secret_in_it_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(InputError, match="name the folder alone") as raised:
        fe.load_session(output_dir=address)
    assert "secret" not in str(raised.value) and "key@" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://shop.example/audits", "is no folder that sessions can be written to"),
        ("s3://", "is no folder that sessions can be written to"),
        ("s3://bucket/../other", "is no folder that sessions can be written to"),
        ("nosuch://bucket/prefix", "is no protocol that fsspec knows"),
        ("oci://bucket/prefix", "needs the package that fsspec names for it"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_a_sentence(address: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        fe.list_sessions(address)


def test_a_bucket_that_is_not_there_is_told_at_once(s3: str) -> None:
    with pytest.raises(fe.FeedevalError, match=r"could not write to s3://not-there/audits: .*bucket"):
        audit("s3://not-there/audits")


def test_a_missing_package_is_named_with_the_line_that_installs_it() -> None:
    code = "import sys; sys.modules['fsspec'] = None\nimport feedeval as fe\nfe.load_session(output_dir='s3://b/p')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'InputError: s3://b/p needs the package fsspec: pip install "feedeval[cluster]"' in ended.stderr


def test_nothing_of_it_is_imported_where_all_lies_on_this_machine(tmp_path: Path) -> None:
    code = (
        "import sys, feedeval as fe\n"
        "fe.list_sessions(sys.argv[1])\n"
        "found = [m for m in sys.modules if m.startswith(('fsspec', 's3fs', 'feedeval.storage.remote'))]\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_file_address_is_the_folder_itself(tmp_path: Path) -> None:
    audit((tmp_path / "output").as_uri())
    assert len(fe.load_session(output_dir=tmp_path / "output").results) == 6

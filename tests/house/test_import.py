"""What is loaded when: `import feedeval` and a question to the terminal wait for no package that they do not need."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import feedeval

ROOT = Path(__file__).resolve().parents[2]

LOADED_AT_ONCE = {"feedeval", "feedeval.lazy"}
"""All that `import feedeval` may load beside the standard library."""

HEAVY = (
    "pandas",
    "numpy",
    "openai",
    "ipywidgets",
    "IPython",
    "matplotlib",
    "sklearn",
    "scipy",
    "lxml",
    "PIL",
    "aiohttp",
)
"""What no question to the terminal may load that can be answered without."""

FIRST_WHEN_CALLED = {*HEAVY} - {"pandas", "numpy"}
"""What naming something may not load: only a call finds out whether it is needed."""

NEW = """
import sys
before = set(sys.modules)
{code}
new = {{name for name in sys.modules if name not in before and name.split(".")[0] not in sys.stdlib_module_names}}
print("LOADED", *sorted(new))
"""

COMMAND = """
from feedeval.cli import main
try:
    main({arguments})
except SystemExit:
    pass
"""

FUNCTIONS = """
from types import FunctionType, ModuleType
import feedeval as fe
from feedeval import agreement, app, compare, dashboard, history, plots, report, sample
names = ("agreement", "app", "compare", "dashboard", "history", "report", "sample")
for name in names:
    assert isinstance(getattr(fe, name), FunctionType), name
    assert getattr(fe, name).__name__ == name
    assert globals()[name] is getattr(fe, name), name
assert isinstance(fe.plots, ModuleType) and fe.plots is plots and callable(fe.plots.coverage)
"""


def fresh(code: str, *, cwd: Path = ROOT) -> str:
    """Return what code prints in an interpreter of its own."""
    command = [sys.executable, "-W", "error::SyntaxWarning", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(code: str, *, cwd: Path = ROOT) -> set[str]:
    """Return the modules that code loads beside those of the standard library."""
    printed = fresh(NEW.format(code=code), cwd=cwd)
    return set(printed.rpartition("LOADED")[2].split())


def test_importing_feedeval_loads_nothing_but_its_list_of_names() -> None:
    assert loaded_by("import feedeval") == LOADED_AT_ONCE


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["list"],
        ["list", "--output-dir", "there/is/none"],
        ["unknown"],
        ["check"],
        ["cleanup"],
        ["mcp", "--help"],
        ["shadow", "labels.csv", "--classes", ","],
    ],
    ids=" ".join,
)
def test_a_question_to_the_terminal_loads_no_package(arguments: list[str], tmp_path: Path) -> None:
    loaded = loaded_by(COMMAND.format(arguments=arguments), cwd=tmp_path)
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)
    assert {name.split(".")[0] for name in loaded} == {"feedeval"}


def test_naming_everything_loads_only_what_reads_tables() -> None:
    loaded = loaded_by("from feedeval import *")
    assert "feedeval.evaluator" in loaded
    assert not {name.split(".")[0] for name in loaded} & FIRST_WHEN_CALLED


def test_a_table_is_read_without_what_xml_and_addresses_need(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,title,link,price\n1,Kettle,https://shop.example/1,9.90 GBP\n")
    loaded = loaded_by("import feedeval; assert len(feedeval.read_feed('feed.csv')) == 1", cwd=tmp_path)
    assert not {name.split(".")[0] for name in loaded} & {*FIRST_WHEN_CALLED, "httpx2"}


def test_every_name_is_there_listed_and_picklable_in_a_fresh_interpreter() -> None:
    fresh("""
        import inspect, pickle
        import feedeval as fe
        assert set(fe.__all__) <= set(dir(fe))
        for name in fe.__all__:
            assert hasattr(fe, name), name
            thing = getattr(fe, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                assert thing.__name__ == name
                assert pickle.loads(pickle.dumps(thing)) is thing, name
        assert str(pickle.loads(pickle.dumps(fe.FeedError("torn")))) == "torn"
        assert fe.__version__.count(".") >= 1
        assert issubclass(fe.errors.WrongKey, fe.RunFault)
        assert fe.results.session.Session is fe.Session
    """)


def test_a_star_brings_every_name() -> None:
    fresh("""
        from feedeval import *
        import feedeval
        assert all(globals()[name] is getattr(feedeval, name) for name in feedeval.__all__)
    """)


def test_an_unknown_name_is_refused_in_the_usual_words() -> None:
    assert not hasattr(feedeval, "read_fed")
    with pytest.raises(AttributeError, match=r"^module 'feedeval' has no attribute 'read_fed'$") as caught:
        _ = feedeval.read_fed  # type: ignore[attr-defined]
    assert (caught.value.name, caught.value.obj) == ("read_fed", feedeval)
    with pytest.raises(ImportError, match="cannot import name 'read_fed' from 'feedeval'"):
        from feedeval import read_fed  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize(
    "first",
    [
        "import feedeval.app.app",
        "import feedeval.app",
        "import feedeval.dashboard.dashboard",
        "from feedeval.app import app as the_app; the_app()",
        "import feedeval as fe; fe.app; fe.dashboard; import feedeval.app.boxes, feedeval.dashboard.session_view",
        "import feedeval.notebook.report.report, feedeval.notebook.plots.gallery, feedeval.results.agreement.agreement",
        "import feedeval.results.compare.compare, feedeval.results.compare.history, feedeval.feed.sample, feedeval.cli",
    ],
)
def test_a_function_is_what_its_name_gives_whatever_is_imported_first(first: str, tmp_path: Path) -> None:
    fresh(f"{first}\n{FUNCTIONS}", cwd=tmp_path)


def test_threads_that_ask_at_once_all_get_every_name() -> None:
    fresh("""
        import random, threading
        import feedeval as fe
        def ask(seed):
            names = random.Random(seed).sample(fe.__all__, len(fe.__all__))
            together.wait()
            try:
                found[seed] = {name: getattr(fe, name) for name in names}
                from feedeval import app, dashboard, html
            except BaseException as exc:
                found[seed] = exc
        found, together = {}, threading.Barrier(8)
        threads = [threading.Thread(target=ask, args=(seed,), daemon=True) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(150)
        assert len(found) == 8
        assert all(each == {name: getattr(fe, name) for name in fe.__all__} for each in found.values()), found
    """)


def test_ipython_offers_every_name_and_loads_nothing_for_it() -> None:
    fresh("""
        import sys
        from IPython.core.completer import provisionalcompleter
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config
        shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
        shell.run_cell("import feedeval as fe")
        shell.Completer.use_jedi = False
        with provisionalcompleter():
            offered = {each.text.lstrip(".") for each in shell.Completer.completions("fe.", 3)}
        import feedeval
        assert offered == set(feedeval.__all__) - {"__version__"}, offered
        assert "pandas" not in sys.modules
    """)


def test_a_type_checker_sees_the_real_types(tmp_path: Path) -> None:
    path = tmp_path / "typed.py"
    path.write_text(
        "import feedeval as fe\nfrom feedeval import *\n"
        "reveal_type(fe.read_feed)\nreveal_type(fe.app)\nreveal_type(fe.Session)\nreveal_type(fe.dashboard())\n"
        "reveal_type(load_session)\nreveal_type(fe.plots.coverage)\nreveal_type(fe.__version__)\nfe.read_fed\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "feedeval/__init__.pyi", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    said = re.findall(r"typed\.py:\d+: (?:note: Revealed type is \"(.*)\"|error: (.*))", done.stdout)
    patterns = (
        r"def \(source: .*\) -> pandas\..*DataFrame",
        r"def \(output_dir: .*, places: .*\) -> feedeval\.app\.app\.App",
        r"def \(session_id: .*\) -> feedeval\.results\.session\.Session",
        r"feedeval\.dashboard\.dashboard\.Dashboard",
        r"def \(session_id: .*\) -> feedeval\.results\.session\.Session",
        r"def \(.*\) -> .*Axes",
        "str",
        'Module has no attribute "read_fed".*',
    )
    assert len(said) == len(patterns), done.stdout + done.stderr
    for (kind, error), pattern in zip(said, patterns, strict=True):
        assert re.fullmatch(pattern, kind or error), f"{kind or error} is not {pattern}"

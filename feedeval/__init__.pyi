"""What type checkers read in place of the package: its names, each imported from its home."""

from feedeval.app import app
from feedeval.dashboard import dashboard
from feedeval.errors import FeedError, FeedevalError, InputError, RunFault, RunWarning, SessionError, WaitedTooLong
from feedeval.evaluator import ProductFeedEvaluator, resume, run_shadow, start_shadow
from feedeval.evaluator.evaluation_run import EvaluationRun
from feedeval.evaluator.judging import shadow_judge
from feedeval.evaluator.jury import panel
from feedeval.evaluator.probing import probe_judge
from feedeval.evaluator.questions import judge_questions
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.fixes import apply_fixes
from feedeval.feed.labels import labels_from_feed
from feedeval.feed.pages.check_pages import check_pages
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.pages import Pages
from feedeval.feed.pages.read_pages import read_pages
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.feed.picture_sizes import ImageLimits
from feedeval.feed.reader import deduplicate, iter_feed, read_feed
from feedeval.feed.sample import sample
from feedeval.feed.targets import targets
from feedeval.jobs.prompts import JudgePrompt
from feedeval.jobs.shadow.colour_names import colour_name
from feedeval.notebook.labelling.label import Labelling, label
from feedeval.notebook.plots import gallery as plots
from feedeval.notebook.report.report import report
from feedeval.results.agreement.agreement import Agreement
from feedeval.results.agreement.measure import agreement
from feedeval.results.answers.writing import write_questions_and_answers
from feedeval.results.archive import backup, restore
from feedeval.results.certify.certified import Certified
from feedeval.results.certify.certify import certify
from feedeval.results.compare.compare import compare
from feedeval.results.compare.comparison import Comparison
from feedeval.results.compare.history import history
from feedeval.results.estimate import Estimate
from feedeval.results.gaps.supplement import write_supplement
from feedeval.results.ledger.ledger import AnswerLedger
from feedeval.results.library import cleanup, consolidate, list_sessions
from feedeval.results.session import Session, load_session
from feedeval.storage.addresses import use_storage
from feedeval.version import __version__

__all__ = [
    "Agreement",
    "AnswerLedger",
    "Certified",
    "Comparison",
    "Estimate",
    "EvaluationRun",
    "FeedError",
    "FeedWarning",
    "FeedevalError",
    "ImageLimits",
    "InputError",
    "JudgePrompt",
    "Labelling",
    "PageLimits",
    "Pages",
    "ProductFeedEvaluator",
    "RunFault",
    "RunWarning",
    "Session",
    "SessionError",
    "WaitedTooLong",
    "__version__",
    "agreement",
    "app",
    "apply_fixes",
    "backup",
    "certify",
    "check_feed",
    "check_pages",
    "cleanup",
    "colour_name",
    "compare",
    "consolidate",
    "dashboard",
    "deduplicate",
    "history",
    "iter_feed",
    "judge_questions",
    "label",
    "labels_from_feed",
    "list_sessions",
    "load_session",
    "panel",
    "plots",
    "probe_judge",
    "read_feed",
    "read_pages",
    "report",
    "restore",
    "resume",
    "run_shadow",
    "sample",
    "shadow_judge",
    "start_shadow",
    "targets",
    "use_storage",
    "write_questions_and_answers",
    "write_supplement",
]

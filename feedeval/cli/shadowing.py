"""The command shadow: what would a model have said about images that people have labelled?"""

from __future__ import annotations

import argparse

from feedeval.cli.auditing import given, key_of_environment, price_options, see_through, sitting, sitting_options
from feedeval.cli.caching import cache_options, caching
from feedeval.cli.calls import call_options, spoken
from feedeval.cli.clustering import cluster_options, clustering
from feedeval.cli.output import json_option
from feedeval.cli.reading import mapped
from feedeval.errors import InputError

Arguments = argparse.Namespace
Commands = argparse._SubParsersAction  # argparse has no public name for it

LABELS_HELP = (
    "a CSV or TSV with the columns filename, image_url (an address, a path beside the file or a data URI) and "
    "true_class, perhaps critical_hazard; further columns are sent along"
)


def register(commands: Commands[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    shadow = commands.add_parser(
        "shadow",
        parents=[common, sitting_options()],
        help="have labelled images classified, and say how far that agrees with the labels",
    )
    shadow.set_defaults(handler=shadow_command)
    add = shadow.add_argument
    add("labels", metavar="LABELS.csv", help=LABELS_HELP)
    add("--classes", metavar="NAME,NAME", help="what can be answered (default: the labels in the table)")
    add("--map", action="append", metavar="OURS=THEIRS", help="column of the table that is true_class, image_url, …")
    add("--context", metavar="NAME,NAME", help="further columns to send (default: all)")
    add("--image-dir", metavar="DIR", help="folder of the images (default: that of the table)")
    add("--fetch-images", action="store_true", help="fetch images from addresses and send them as data")
    add("--max-image-side", type=int, metavar="PX", help="shrink larger images (default: 1024)")
    add("--model", help='name of a vision model, or "offline" for colours (default: as `feedeval run`)')
    add("--base-url", metavar="URL", help="an OpenAI-compatible endpoint (default: OPENAI_BASE_URL)")
    add("--delay", type=float, metavar="S", help="seconds between calls, for endpoints that do not say their limits")
    add("--max-retries", type=int, metavar="N", help="tries after one that failed (default: 5)")
    price_options(shadow)
    call_options(shadow)
    add("--batch-size", type=int, metavar="N", help="images in a batch file (default: 50)")
    add("--limit", type=int, metavar="N", help="only the first N rows")
    add("--no-resume", action="store_true", help="start a new session whatever is there")
    add("--no-reuse", action="store_true", help="take over nothing from earlier sessions")
    add("--keep-calls", action="store_true", help="keep the raw replies of the model")
    cache_options(shadow)
    cluster_options(shadow, shards="images")
    json_option(shadow)


def shadow_command(arguments: Arguments) -> int:
    """Have labelled images classified."""
    settings = given(
        batch_size=arguments.batch_size,
        limit=arguments.limit,
        delay_s=arguments.delay,
        max_retries=arguments.max_retries,
        max_image_side=arguments.max_image_side,
        image_dir=arguments.image_dir,
        input_price=arguments.input_price,
        output_price=arguments.output_price,
        classes=_names("--classes", arguments.classes),
        context=_names("--context", arguments.context),
        columns=mapped(arguments.map, "true_class"),
    )
    from feedeval.evaluator import start_shadow

    run = start_shadow(
        arguments.labels,
        model=arguments.model,
        base_url=arguments.base_url,
        # An endpoint that a person names beside their key is meant to get it.
        api_key=key_of_environment() if arguments.base_url else None,
        output_dir=arguments.output_dir,
        fetch_images=arguments.fetch_images,
        resume=not arguments.no_resume,
        reuse=not arguments.no_reuse,
        keep_calls=arguments.keep_calls,
        **caching(arguments),
        **clustering(arguments),
        **settings,
        **spoken(arguments),
        **sitting(arguments),
    )
    return see_through(run, arguments)


def _names(option: str, text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise InputError(f"{option} names nothing: give names separated by commas")
    return names

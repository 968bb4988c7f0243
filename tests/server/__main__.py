"""The model server as a process: prints its base URL, then serves until it is killed.

`POST /control` changes how it behaves, with a body such as
`{"faults": [{"kind": "reset", "probability": 0.05}], "config": {"rpm": 600}, "reset": true}`;
`GET /stats` tells what it served.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

import orjson

from tests.server import Answerer, Config, serve
from tests.server.app import ModelApp
from tests.server.faults import faults_from_json
from tests.server.limits import Headers, Shape


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--window-s", type=float, default=60.0, help="the minute of rpm and tpm")
    parser.add_argument("--enforced-s", type=float, help="seconds over which they are enforced")
    parser.add_argument("--shape", default="bucket", choices=list(Shape))
    parser.add_argument("--limit-headers", default="agree", choices=list(Headers))
    parser.add_argument("--latency-s", type=float, default=0.0)
    parser.add_argument("--latency-sigma", type=float, default=0.0)
    parser.add_argument("--faults", default="[]", help="JSON list, as POST /control takes it")
    args = parser.parse_args()
    config = Config(
        seed=args.seed,
        rpm=args.rpm,
        tpm=args.tpm,
        window_s=args.window_s,
        enforced_s=args.enforced_s,
        shape=args.shape,
        limit_headers=args.limit_headers,
        latency_s=args.latency_s,
        latency_sigma=args.latency_sigma,
    )
    app = ModelApp(config, Answerer(args.seed), faults_from_json(orjson.loads(args.faults)))
    runner = await serve(app, args.port)
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())

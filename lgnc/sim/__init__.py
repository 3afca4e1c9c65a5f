"""Running compiled folders with the real tool of their target."""

from lgnc.sim.folder import ENGINES, load_manifest, run_folder
from lgnc.sim.result import RunResult

__all__ = ["ENGINES", "RunResult", "load_manifest", "run_folder"]

"""Running compiled folders with the real tool of their target."""

from lgnc.sim.folder import load_manifest, run_folder
from lgnc.sim.manifest import Manifest
from lgnc.sim.result import RunResult

__all__ = ["Manifest", "RunResult", "load_manifest", "run_folder"]

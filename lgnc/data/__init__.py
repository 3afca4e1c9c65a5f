"""Data sets: by name, or from CSV, NPZ and Parquet files."""

from lgnc.data.dataset import Dataset
from lgnc.data.load import load_dataset
from lgnc.data.named import NAMES

__all__ = ["NAMES", "Dataset", "load_dataset"]

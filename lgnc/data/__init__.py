"""Data sets: by name, or from CSV, NPZ and Parquet files."""

from lgnc.data.choices import Choices
from lgnc.data.dataset import Dataset
from lgnc.data.load import load_dataset
from lgnc.data.named import NAMES

__all__ = ["NAMES", "Choices", "Dataset", "load_dataset"]

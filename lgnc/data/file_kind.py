"""What a file is by its first bytes: the kinds that lgnc does not read are named, with the way to convert them."""

from __future__ import annotations

import re

from lgnc.data.table import quoted
from lgnc.diagnostics import BadInput

_CSV = "save the table as CSV"
_EXTRACT = "unpack it and give the file inside"
_IMAGES = "give arrays of pixels and labels: numpy.savez(FILE, x=IMAGES, y=LABELS)"
_PANDAS = "read it with pandas and write it with to_csv or to_parquet"

_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save the sheet as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export one table: sqlite3 -header -csv FILE 'select ...'"),
    (b"\x93NUMPY", "a single NumPy array (.npy)", "give arrays and labels: numpy.savez(FILE, x=..., y=...)"),
    (b"\x89HDF", "an HDF5 file", _PANDAS),
    (b"\x89PNG", "a PNG image", _IMAGES),
    (b"\xff\xd8\xff", "a JPEG image", _IMAGES),
    (b"GIF8", "a GIF image", _IMAGES),
    (b"BM", "a BMP image", _IMAGES),
    (b"II*\0", "a TIFF image", _IMAGES),
    (b"MM\0*", "a TIFF image", _IMAGES),
    (b"%PDF", "a PDF document", _CSV),
    (b"ARROW1", "a Feather (Arrow) file", "write it as Parquet: pyarrow.parquet.write_table"),
    (b"ORC", "an ORC file", _PANDAS),
    (b"Obj\x01", "an Avro file", _PANDAS),
    (b"MATLAB 5.0", "a MATLAB file", "load it with scipy.io.loadmat and write it with numpy.savez"),
    (b"RDX", "an R data file", "write it in R with write.csv"),
    (b"RDA", "an R data file", "write it in R with write.csv"),
    (b"$FL2", "an SPSS file", _PANDAS),
    (b"<stata_dta>", "a Stata file", _PANDAS),
    (b"7z\xbc\xaf", "a 7-Zip archive", _EXTRACT),
    (b"Rar!", "a RAR archive", _EXTRACT),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it (zstd -d FILE), or compress it with gzip"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "unpack it (lz4 -d FILE), or compress it with gzip"),
    (b"\x7fELF", "a program", "give a data file"),
    (b"\0\0\x08\x03", "an IDX file of images", _IMAGES),
    (b"\0\0\x08\x01", "an IDX file of labels", _IMAGES),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself", "fetch the file: git lfs pull"),
)

_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_TEXT: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"\s*<(?:!doctype\s+html|html|head|body)", re.IGNORECASE), "an HTML page", "download the file itself"),
    (re.compile(rb"\s*<\?xml"), "an XML file", _CSV),
    (
        re.compile(rb"(?:#[^\n]*+\n|\s)*+@(?:problemname|timestamps|univariate)\b", re.IGNORECASE),
        "a .ts file (sktime)",
        _CSV,
    ),
    (
        re.compile(rb"[+-]?[0-9.]+(?: +[0-9]+:[-+0-9.eE]+)+\s*\n"),
        "a libsvm file",
        "load it with sklearn.datasets.load_svmlight_file and write it with numpy.savez",
    ),
)

_ZIPPED: tuple[tuple[str, str, str], ...] = (
    ("xl/", "an Excel workbook (.xlsx)", "save the sheet as CSV"),
    ("word/", "a Word document", _CSV),
    ("content.xml", "an OpenDocument file", "save the sheet as CSV"),
    ("data.pkl", "a PyTorch file", "give arrays and labels: numpy.savez(FILE, x=..., y=...)"),
)


def refuse_kind(head: bytes, where: str) -> None:
    """Raise BadInput when the first bytes of a file say that it is of a kind that lgnc does not read."""
    for magic, what, fix in _MAGIC:
        if head.startswith(magic) and not (magic == b"BM" and b"\0" not in head[:32]):
            raise BadInput(f"is {what}", where=where, fix=fix)
    if _PICKLE.match(head) or head[:4] == b"RIFF":
        what, fix = ("a WebP image or a sound", _IMAGES) if head[:4] == b"RIFF" else ("a Python pickle", "")
        raise BadInput(f"is {what}", where=where, fix=fix or "write the data as CSV, NPZ or Parquet")
    if head[257:262] == b"ustar":
        raise BadInput("is a tar archive", where=where, fix=_EXTRACT)
    for pattern, what, fix in _TEXT:
        if pattern.match(head):
            raise BadInput(f"is {what}", where=where, fix=fix)


def refuse_zip(names: list[str], where: str) -> None:
    """Raise BadInput when the members of a ZIP archive are not arrays."""
    for name, what, fix in _ZIPPED:
        if any(member.startswith(name) or member.endswith("/" + name) for member in names):
            raise BadInput(f"is {what}", where=where, fix=fix)
    if names and not any(name.endswith(".npy") for name in names):
        raise BadInput(f"is a ZIP archive with {quoted(names[0])} inside", where=where, fix=_EXTRACT)

"""An Iceberg catalog in a SQLite file, whose tables may lie below one folder alone.

Metadata names every file by its whole address, and may name a program to read files with: neither
is followed out of the folder.
"""

from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io import FileIO, InputFile, OutputFile
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

from purge.adapters.tables import folders as table_folders
from purge.ports import ObjectUnreachable


class ConfinedFileIO(PyArrowFileIO):
    """Files below one folder, whatever a table's metadata asks for."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root

    def new_input(self, location: str) -> PyArrowFile:
        return super().new_input(self._checked(location))

    def new_output(self, location: str) -> PyArrowFile:
        return super().new_output(self._checked(location))

    def delete(self, location: str | InputFile | OutputFile) -> None:
        super().delete(self._checked(location if isinstance(location, str) else location.location))

    def _checked(self, location: str) -> str:
        path = path_of(location)
        table_folders.check_within([path], folder=self._root)
        if path.resolve() != path:
            raise ObjectUnreachable(reason="symbolic_link")
        return location


class ConfinedCatalog(SqlCatalog):
    def __init__(self, name: str, *, root: Path, file: Path) -> None:
        self._io = ConfinedFileIO(root)
        super().__init__(name, uri=f"sqlite:///{file}", init_catalog_tables="false")

    def _load_file_io(self, properties: object = None, location: str | None = None) -> FileIO:
        return self._io


def path_of(location: str) -> Path:
    """Iceberg's locations look like URIs and are not encoded as such."""
    path = location.removeprefix("file:")
    if path.startswith("//"):
        path = path.removeprefix("//")
    if not path.startswith("/"):
        raise ObjectUnreachable(reason="outside_of_table")
    return Path(path)

"""How an object of an erasure is dealt with."""

from enum import StrEnum


class Plan(StrEnum):
    """`SPLICE` cuts records out. The others take away what cannot be, or is wholly theirs."""

    SPLICE = "splice"
    REMOVE_VERSION = "remove_version"
    """An old version that the layer keeps: nothing can be cut from it, so it goes whole."""
    REMOVE_OBJECT = "remove_object"
    """The whole object is the person's: its name, tag or metadata says so."""
    DELETE_ROWS = "delete_rows"
    """Rows of a table, which its engine deletes."""


SENTENCES = {
    Plan.SPLICE: "records are cut out, the rest of the object stays as it is",
    Plan.REMOVE_VERSION: "this old version is removed whole, with everybody's records in it",
    Plan.REMOVE_OBJECT: "the whole object is theirs and is removed",
    Plan.DELETE_ROWS: "the table's engine deletes the rows",
}

"""Why an object could not be read, cut or verified: codes as sentences for people."""

SENTENCES = {
    "symbolic_link": "a symbolic link that leads out of the layer is not followed",
    "hard_links": "the file has a second name elsewhere, which would keep the record",
    "open_for_writing": "somebody has the file open for writing",
    "keeps_changing": "it changed each time it was read",
    "not_a_plain_file": "it is no plain file",
    "name_not_utf8": "its name is not UTF-8",
    "eacces": "the service may not read or write it",
    "eperm": "the service may not read or write it",
    "erofs": "it lies on a read-only file system",
    "enospc": "there is no space left for its next version",
    "enoent": "the folder is not there",
    "enotdir": "a part of its path is no folder, or a symbolic link",
    "eio": "the disk reports an error",
    "object_locked": "a lock of the layer forbids removing it until its time has passed",
    "object_gone": "the object was removed meanwhile",
    "object_changed": "the object changed meanwhile",
    "object_unreachable": "the object cannot be reached",
    "storage_layer_invalid": "the storage layer's options are not usable",
    "unclear_records": "it holds records that may be theirs and need a person to look at them",
    "written_again": "a record of theirs was written again meanwhile",
    "found_since": "it holds a record of theirs that no approved report covers",
    "not_done": "it was not reached",
    "given_up": "the work failed each time it was tried; the jobs page says why",
}


def sentence(code: str) -> str:
    """The code itself where nobody has written a sentence for it."""
    return SENTENCES.get(code, code)

"""Names of the jobs, shared by the services that write them and the tasks that do them."""

INDEX = "purge.index"
LOCATE = "purge.locate"
ERASE = "purge.erase"
ASK_OFFICERS = "purge.ask_officers"
TELL_OUTCOME = "purge.tell_outcome"

"""What may go wrong between us and a Hive server, each in a sentence with a way out."""

from governance.kernel.refusals import Invalid, Unavailable

ADMINISTRATOR = "An administrator can press Test at the engine."


class HiveServerUnreachable(Unavailable):
    code = "hive_server_unreachable"
    # The same words for both: nobody learns what resolves to what.
    sentence = (
        "The Hive server cannot be reached: it does not answer, or it is inside the network and "
        f"the operator has not named it (HIVE_SERVERS). {ADMINISTRATOR}"
    )


class HiveTLSFailed(Unavailable):
    code = "hive_tls_failed"
    sentence = (
        "The Hive server's certificate could not be verified: {why}. An administrator gives the "
        "certificate authority of the server at the engine."
    )


class HiveSignInRefused(Unavailable):
    code = "hive_sign_in_refused"
    sentence = (
        "The Hive server refused the engine's user name or password. An administrator sets them "
        "at the engine."
    )


class HiveAnswerUnreadable(Unavailable):
    code = "hive_answer_unreadable"
    sentence = (
        "The server's answer is none of HiveServer2's binary protocol: {why}. An administrator "
        "compares port, transport security and authentication of the engine with the server's."
    )


class HiveConnectionLost(Unavailable):
    code = "hive_connection_lost"
    sentence = (
        f"The Hive server hung up, or was silent for too long. Run the query again. {ADMINISTRATOR}"
    )


class HiveServerSlow(Unavailable):
    code = "hive_server_slow"
    sentence = (
        "The Hive server did not tell the size of the tables within {seconds} seconds. Try again "
        "later, or let an administrator set the engine's sizes to lake."
    )


class HiveSessionLost(Unavailable):
    code = "hive_session_lost"
    sentence = "The Hive server no longer knows the session or the query. Run the query again."


class HiveReplyTooLarge(Unavailable):
    code = "hive_reply_too_large"
    sentence = "The server sent more at once than {megabytes} MB."


class HiveStatementFailed(Invalid):
    code = "hive_statement_failed"
    sentence = "The server could not run it: {why}"

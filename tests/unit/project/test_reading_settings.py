"""A wrong setting stops the process with one sentence that names it."""

from pathlib import Path

import pytest

from governance.project import addresses, keys, logs
from governance.project.embedded.folders import DataFolder
from governance.project.env import Environment, WrongSettingError

KEY = "k1:" + "A" * 43 + "="


def read(**variables: str) -> Environment:
    return Environment(variables)


@pytest.fixture
def home(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "var")
    folder.prepare()
    return folder


def test_an_absent_setting_has_its_default() -> None:
    assert read().integer("PORT", default=8000) == 8000
    assert read().text("BIND", "127.0.0.1") == "127.0.0.1"
    assert read().flag("DEMO", default=True)
    assert read().words("ALLOWED_HOSTS", default=["localhost"]) == ["localhost"]


def test_an_empty_setting_counts_as_absent() -> None:
    assert read(PORT="").integer("PORT", default=8000) == 8000


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("http", "PORT: must be a whole number, not 'http'."),
        ("0", "PORT: must be between 1 and 65535, not 0."),
        ("70000", "PORT: must be between 1 and 65535, not 70000."),
    ],
)
def test_a_port_is_a_number_that_a_socket_takes(value: str, sentence: str) -> None:
    with pytest.raises(WrongSettingError) as stopped:
        read(PORT=value).port("PORT", default=8000)

    assert str(stopped.value.code).startswith(sentence)


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON"])
def test_a_flag_is_understood_in_the_usual_words(value: str) -> None:
    assert read(DEMO=value).flag("DEMO", default=False)


def test_a_flag_in_other_words_is_refused() -> None:
    with pytest.raises(WrongSettingError, match="DEMO: must be 1 or 0, not 'maybe'"):
        read(DEMO="maybe").flag("DEMO", default=False)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("hidden\n")

    environment = read(SECRET_KEY_FILE=str(tmp_path / "key"))

    assert environment.text("SECRET_KEY") == "hidden"


def test_a_setting_given_by_value_and_by_file_is_refused(tmp_path: Path) -> None:
    environment = read(SECRET_KEY="one", SECRET_KEY_FILE=str(tmp_path / "key"))

    with pytest.raises(WrongSettingError, match="SECRET_KEY: is set twice"):
        environment.text("SECRET_KEY")


def test_a_setting_whose_file_is_missing_is_refused(tmp_path: Path) -> None:
    environment = read(SECRET_KEY_FILE=str(tmp_path / "gone"))

    with pytest.raises(WrongSettingError, match=r"SECRET_KEY: .* cannot be read: No such file"):
        environment.text("SECRET_KEY")


def test_a_setting_whose_file_is_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").touch()

    with pytest.raises(WrongSettingError, match=r"SECRET_KEY: .* is empty"):
        read(SECRET_KEY_FILE=str(tmp_path / "key")).text("SECRET_KEY")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://app:hidden@db/lake",
        "postgres://app:hidden@db",
        "postgres:///lake",
        "postgres://app:hidden@db/lake?ssl=1",
        "postgres://app:hidden@db:port/lake",
    ],
)
def test_a_wrong_database_address_is_refused_without_repeating_it(
    url: str, home: DataFolder
) -> None:
    with pytest.raises(WrongSettingError, match="DATABASE_URL: ") as stopped:
        addresses.database(read(DATABASE_URL=url), home)

    assert "hidden" not in str(stopped.value.code)


def test_a_database_address_is_taken_apart(home: DataFolder) -> None:
    url = "postgres://app:p%40ss@db.customer.example:5433/lake?sslmode=verify-full"

    found = addresses.database(read(DATABASE_URL=url), home)

    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("app", "p@ss", "lake")
    assert (found["HOST"], found["PORT"]) == ("db.customer.example", "5433")
    assert found["OPTIONS"]["sslmode"] == "verify-full"


def test_migrating_another_database_needs_its_owner(home: DataFolder) -> None:
    environment = read(DATABASE_URL="postgres://app@db/lake")

    with pytest.raises(WrongSettingError, match="DATABASE_OWNER_URL: must be set"):
        addresses.database_owner(environment, home)


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS"])
def test_with_a_database_of_ones_own_a_missing_key_refuses_to_start(
    name: str, home: DataFolder
) -> None:
    keys.make(home)
    environment = read(DATABASE_URL="postgres://app@db/lake")
    reader = {"SECRET_KEY": keys.secret_key, "FIELD_KEYS": keys.field_keys}[name]

    with pytest.raises(WrongSettingError, match=f"{name}: must be set"):
        reader(environment, home)


def test_a_key_that_was_lost_beside_a_database_is_never_made_anew(home: DataFolder) -> None:
    keys.make(home)
    (home.root / "postgres").mkdir()
    (home.root / "postgres" / "PG_VERSION").touch()
    home.field_keys_file.unlink()

    keys.make(home)

    assert not home.field_keys_file.exists()
    with pytest.raises(WrongSettingError, match=r"FIELD_KEYS: .* is gone.*nothing was touched"):
        keys.field_keys(read(), home)


def test_keys_are_made_once_and_only_their_owner_reads_them(home: DataFolder) -> None:
    keys.make(home)
    made = keys.secret_key(read(), home), keys.field_keys(read(), home)

    keys.make(home)

    assert made == (keys.secret_key(read(), home), keys.field_keys(read(), home))
    assert home.field_keys_file.stat().st_mode & 0o077 == 0
    assert home.secrets.stat().st_mode & 0o077 == 0


def test_a_short_signing_key_is_refused(home: DataFolder) -> None:
    with pytest.raises(WrongSettingError, match="SECRET_KEY: must have at least 50"):
        keys.secret_key(read(SECRET_KEY="changeme"), home)


@pytest.mark.parametrize("value", ["k1", "k1:short", f"{KEY},{KEY}", "k 1:" + KEY[3:], f"{KEY},"])
def test_field_keys_that_make_no_sense_are_refused(value: str, home: DataFolder) -> None:
    with pytest.raises(WrongSettingError, match="FIELD_KEYS: "):
        keys.field_keys(read(FIELD_KEYS=value), home)


@pytest.mark.parametrize(
    "value",
    [
        "lake.customer.example",
        "https://lake.customer.example/app",
        "https://u@lake.example",
        "ftp://x",
    ],
)
def test_a_public_address_is_an_origin(value: str) -> None:
    with pytest.raises(WrongSettingError, match="PUBLIC_URL: "):
        addresses.public_url(read(PUBLIC_URL=value), bind="127.0.0.1", port=8000)


def test_a_public_address_loses_its_last_slash() -> None:
    environment = read(PUBLIC_URL="https://lake.customer.example/")

    found = addresses.public_url(environment, bind="127.0.0.1", port=8000)

    assert found == "https://lake.customer.example"


@pytest.mark.parametrize(
    ("url", "port", "tls", "start_tls"),
    [
        ("smtp://mail.customer.example", 25, False, False),
        ("smtp+tls://u:p@mail.customer.example", 587, False, True),
        ("smtps://u:p@mail.customer.example:2465", 2465, True, False),
    ],
)
def test_the_scheme_of_a_mail_server_says_how_it_encrypts(
    *, url: str, port: int, tls: bool, start_tls: bool
) -> None:
    found = addresses.email_url(read(EMAIL_URL=url))

    assert (found.port, found.tls, found.start_tls) == (port, tls, start_tls)


def test_a_socket_of_redis_is_spelled_for_celery() -> None:
    assert addresses.broker_url("unix:///run/v.sock") == "redis+socket:///run/v.sock"
    assert addresses.broker_url("rediss://r.example:6380/1") == "rediss://r.example:6380/1"


def test_an_unknown_log_level_is_refused() -> None:
    with pytest.raises(WrongSettingError, match="LOG_LEVEL: must be one of"):
        logs.level(read(LOG_LEVEL="loud"))


def test_a_hive_server_is_named_with_its_port() -> None:
    assert addresses.hive_servers(["spark:10000=s3a://lake"]) == ["spark:10000=s3a://lake"]
    with pytest.raises(WrongSettingError, match="HIVE_SERVERS: spark is not host:port"):
        addresses.hive_servers(["spark"])

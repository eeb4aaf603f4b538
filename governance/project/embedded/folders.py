"""What lies where in `DATA_DIR`, and how a private file is written there."""

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

PRIVATE_FOLDER = 0o700
# Others may pass through to what is theirs (the servers' account), and list nothing.
SHARED_FOLDER = 0o711


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder of one installation on the embedded defaults."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def lock_file(self) -> Path:
        return self.root / "lakewarden.lock"

    @property
    def secret_key_file(self) -> Path:
        return self.secrets / "secret_key"

    @property
    def field_keys_file(self) -> Path:
        return self.secrets / "field_keys"

    @property
    def database_url_file(self) -> Path:
        return self.secrets / "database_url"

    @property
    def database_owner_url_file(self) -> Path:
        return self.secrets / "database_owner_url"

    @property
    def redis_url_file(self) -> Path:
        return self.secrets / "redis_url"

    @property
    def servers_pointer(self) -> Path:
        """Names the folder of the servers' data where that could not be this one."""
        return self.root / "servers.path"

    @property
    def servers(self) -> Path:
        """Where the data of PostgreSQL and Valkey lies: here, but for unreachable folders."""
        if self.servers_pointer.exists():
            return Path(self.servers_pointer.read_text(encoding="utf-8").strip())
        return self.root

    @property
    def has_database(self) -> bool:
        return (self.servers / "postgres" / "PG_VERSION").exists()

    def prepare(self) -> None:
        """Make the folders that every part expects."""
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.root.chmod(SHARED_FOLDER)
        for folder in (self.secrets, self.logs):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            folder.chmod(PRIVATE_FOLDER)

    def password(self, role: str) -> str:
        """The password of an embedded database role, made when it is first asked for."""
        file = self.secrets / f"{role}.password"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(32))
        return file.read_text(encoding="utf-8").strip()


def write_private(file: Path, content: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

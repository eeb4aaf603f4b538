"""The column type of a sealed value, by which rotation and the entrances know secrets."""

from django.db import models


class SealedTextField(models.TextField):  # type: ignore[type-arg]
    """A text column that `sealing.put` fills and `sealing.get` opens; never shown or searched."""

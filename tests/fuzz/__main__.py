"""`python -m tests.fuzz TARGET RUNS`: feed a target that many inputs, guided by coverage.

Half of the inputs are mutated as bytes by libFuzzer, half as trees. What is found to be new and
small can be kept with `python -m tests.fuzz keep TARGET FOLDER`.
"""

import random
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["federation", "onelogin"]):
    from tests.fuzz import corpora, mutations, seeds
    from tests.fuzz.targets import TARGETS

SECONDS_FOR_ONE = 10
MEGABYTES = 1024


def fuzz(name: str, runs: int, folder: Path) -> None:
    """Never returns: libFuzzer ends the process, with a status other than 0 after a crash."""
    target = TARGETS[name]
    for number, raw in enumerate([*seeds.kept(name), *seeds.fresh(name)]):
        (folder / f"{number:05}").write_bytes(raw)

    def run(raw: bytes) -> None:
        target(raw)

    def mutate(raw: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        if chance.random() < 0.5:
            return mutations.mutated(raw, chance=chance)[:longest]
        changed: bytes = atheris.Mutate(raw, longest)
        return changed

    options = (
        *(f"-runs={runs}", f"-max_len={mutations.LONGEST}", f"-timeout={SECONDS_FOR_ONE}"),
        *(f"-rss_limit_mb={MEGABYTES}", "-print_final_stats=1", f"-artifact_prefix={folder}/"),
    )
    atheris.Setup([sys.argv[0], *options, str(folder)], run, custom_mutator=mutate)
    atheris.Fuzz()


def main(words: list[str]) -> None:
    match words:
        case ["keep", name, found] if name in TARGETS:
            corpora.keep(name, Path(found))
        case [name, runs] if name in TARGETS:
            folder = Path(tempfile.mkdtemp(prefix=f"lakewarden-fuzz-{name}-"))
            sys.stdout.write(f"{name}: {runs} inputs, corpus and findings in {folder}\n")
            sys.stdout.flush()
            fuzz(name, int(runs), folder)
        case _:
            sys.exit(f"{__doc__}\nTargets: {', '.join(TARGETS)}")


if __name__ == "__main__":
    main(sys.argv[1:])

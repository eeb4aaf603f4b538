"""What is refused of an engine's options, whatever its kind."""

from governance.kernel.refusals import Invalid


class EngineOptionsInvalid(Invalid):
    code = "engine_options_invalid"
    sentence = "The engine's options are not valid."

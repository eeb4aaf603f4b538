"""What the HTML part of a mail is made of: a pill, a fact, a button.

Mail clients drop style sheets, so each part brings its styles inline: here once, not in each
mail. Dark mode is in the base template, by class, for the clients that honour it.
"""

from django import template
from django.template.loader import render_to_string

register = template.Library()
# Ink and ground of each tone, as the portal's pills have them in light mode.
TONES = {
    "accent": ("#0f6e78", "#e1f1f1"),
    "ok": ("#1d6b3e", "#e2f3e8"),
    "warn": ("#8a5200", "#fdf0d9"),
    "bad": ("#a8281f", "#fce8e6"),
}


@register.simple_tag
def pill(tone: str, word: str) -> str:
    """What kind of news it is, in a word above the heading."""
    ink, ground = TONES[tone]
    context = {"tone": tone, "word": word, "ink": ink, "ground": ground}
    return render_to_string("outbox/email/parts/pill.html", context)


@register.simple_block_tag
def facts(content: str) -> str:
    """The table around what `fact` says."""
    return render_to_string("outbox/email/parts/facts.html", {"rows": content})


@register.simple_block_tag
def fact(content: str, name: str) -> str:
    """A row of the table of facts. The content is what the template rendered: escaped already."""
    return render_to_string("outbox/email/parts/fact.html", {"name": name, "value": content})


@register.simple_block_tag
def button(content: str, label: str) -> str:
    """The one button, and its address to read and to copy below. The content is the address."""
    context = {"label": label, "address": content}
    return render_to_string("outbox/email/parts/button.html", context)


@register.simple_block_tag
def note(content: str) -> str:
    """Below the button: what happens next, in small print."""
    return render_to_string("outbox/email/parts/note.html", {"words": content})

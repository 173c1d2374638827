"""Prompt sections, values and a conversation so far → the messages of one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.errors import ValidationError
from ..core.jobs import Document, Message, Role
from ..core.markup import before_half
from .templates import BUILTINS, Prompt, listed
from .warn import warn


class Writer:
    """The sections of a prompt, compiled; writes the messages of one job.

    `alone`: they are the whole conversation, and not only what stands around one of a column.
    """

    def __init__(
        self, sections: Sequence[tuple[Role, str]], namespace: Mapping[str, Any], *, alone: bool = True
    ) -> None:
        filled = [(role, Prompt(text)) for role, text in sections if text.strip() or (role == "user" and alone)]
        if alone and not any(text.strip() for _, text in sections):
            raise ValidationError("The prompt is empty; write what the model is to do.")
        if alone and not any(role == "user" for role, _ in filled):
            raise ValidationError("The prompt has no user section; write one, below a line '---'.")
        # Providers take system turns apart from the conversation, whatever their place.
        self.sections = sorted(filled, key=lambda section: section[0] != "system")
        self._texts = "\n".join(text for _, text in sections)
        self.names = frozenset(name for _, prompt in filled for name in prompt.names)
        self._fixed = {
            name: namespace[name] if name in namespace else BUILTINS[name]
            for name in self.names
            if name in namespace or name in BUILTINS
        }

    def tell_apart(self, columns: Sequence[str]) -> None:
        """Refuse a prompt that says the same for every row though the rows have columns: all would be paid for one.

        Raises:
            ValidationError: It names no column and nothing else that could differ.
        """
        if self.names or not columns:
            return
        half = next((column for column in columns if f"{{{column}}}" in self._texts), None)
        hint = f"{{{half}}} is plain text here; write" if half else "Write a column as"
        raise ValidationError(
            f"The prompt names no column, so that all rows would be asked the same. {hint} "
            f"{{{{ {half or columns[0]} }}}}. Columns: {listed(columns)}."
        )

    def write(
        self,
        values: Mapping[str, Any],
        documents: tuple[Document, ...],
        where: str,
        columns: Sequence[str],
        said: Sequence[Message] = (),
    ) -> tuple[Message, ...]:
        """Return the messages: system turns, the conversation so far if there is one, then the other sections."""
        names = {**self._fixed, **values}
        written = [
            Message(role, sendable(prompt.render(names, where=where, columns=columns, ours=values), where))
            for role, prompt in self.sections
        ]
        system = [message for message in (*written, *said) if message.role == "system"]
        turns = [message for message in (*said, *written) if message.role != "system"]
        first = next((i for i, message in enumerate(turns) if message.role == "user"), -1)
        if documents and first >= 0:
            turns[first] = replace(turns[first], documents=documents)
        kept = tuple(message for message in (*system, *turns) if message.text.strip() or message.documents)
        if not any(message.role == "user" for message in kept):
            at = f"At {where}, " if where else ""
            raise ValidationError(f"{at}the prompt is empty once it is filled in; leave such rows out.")
        return kept


def sendable(text: str, where: str = "") -> str:
    """Return a text without NUL characters, which services store as the end of a text or refuse.

    Raises:
        ValidationError: It holds halves of characters, which no encoding has.
    """
    at = f"At {where}, " if where else ""
    if "\0" in text:
        warn("NUL characters are left out of prompts.")
        text = text.replace("\0", "")
    if (near := before_half(text)) is not None:
        raise ValidationError(
            f"{at}the prompt holds half a character behind {near!r}: the text was read with a wrong encoding. Read it "
            "anew, or write text.encode('utf-8', 'replace').decode()."
        )
    return text

"""The applications that were recognised, by number: the replay's rows hold no names."""


class Labels:
    """Numbers names as they come; 0 is none."""

    def __init__(self) -> None:
        self.names: list[str | None] = [None]
        self.as_json = [b"null"]
        self._numbers: dict[str | None, int] = {None: 0}

    def number(self, name: str | None) -> int:
        """Return the number of a name."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
            self.as_json.append(f'"{name}"'.encode())
        return number

    def name(self, number: int) -> str | None:
        """Return the name of a number."""
        return self.names[number]

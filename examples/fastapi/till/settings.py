"""What the application learns from its environment. All faults are named at once, before it starts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(Exception):
    """One line for each fault; never a value, which may be a secret."""


@dataclass(frozen=True)
class Settings:
    app_url: str  # where browsers find this application, without a slash at the end
    issuer: str  # Octroi as an OpenID provider
    client_id: str
    client_secret: str = field(repr=False)
    audience: str  # what tokens for our API have as `aud`
    paheko_url: str  # Paheko, through the gate
    octroi_key: str = field(repr=False)  # an API key that may post to Paheko, and nothing else
    session_hours: int

    @property
    def is_https(self) -> bool:
        return self.app_url.startswith("https://")


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        value = self._environment.get(name, "").strip() or default
        if not value:
            self.faults.append(f"{name} is missing")
        return value

    def url(self, name: str, default: str = "") -> str:
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if value and (parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment):
            self.faults.append(f"{name} is no address of the form https://till.example.org")
        return value

    def secret(self, name: str) -> str:
        """From the file that NAME_FILE names (as containers and systemd hand secrets over), else from NAME itself."""
        path = self._environment.get(f"{name}_FILE", "")
        if not path:
            return self.text(name)
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.faults.append(f"the file that {name}_FILE names cannot be read")
            return ""
        if not value:
            self.faults.append(f"the file that {name}_FILE names is empty")
        return value

    def hours(self, name: str, default: str) -> int:
        value = self.text(name, default)
        if value.isascii() and value.isdigit() and 1 <= int(value) <= 720:
            return int(value)
        self.faults.append(f"{name} is no whole number from 1 to 720")
        return 0


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    reader = _Reader(environment)
    app_url = reader.url("APP_URL")
    octroi_url = reader.url("OCTROI_URL")
    settings = Settings(
        app_url=app_url,
        issuer=f"{octroi_url}/oidc",
        client_id=reader.text("CLIENT_ID"),
        client_secret=reader.secret("CLIENT_SECRET"),
        audience=reader.text("API_AUDIENCE", f"{app_url}/api"),
        paheko_url=reader.url("PAHEKO_URL", f"{octroi_url}/proxy/paheko"),
        octroi_key=reader.secret("OCTROI_KEY"),
        session_hours=reader.hours("SESSION_HOURS", "12"),
    )
    if reader.faults:
        raise SettingsError("; ".join(reader.faults))
    return settings

"""A letter as each kind of receiver wants it. Source: Flagger 1.44, pkg/notifier.

Microsoft Teams has two kinds of address. A connector takes a MessageCard, as Flagger sends it; a
workflow takes an adaptive card only. An address with a path segment `workflows` is a workflow.
"""

from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import urlsplit, urlunsplit

from burgee.api.manifest import Manifest
from burgee.engine.letters import Letter, Receiver, Severity

KINDS_WITH_TOKEN = frozenset({"slack", "webhook"})

_BLUE, _RED = "0076D7", "FF0000"
_GREY = "#848484"
_ADAPTIVE = "application/vnd.microsoft.card.adaptive"


def address_for(kind: str, address: str) -> str:
    """The address to post to: Discord takes Slack's payload at a path of its own."""
    if kind != "discord":
        return address
    parts = urlsplit(address)
    if parts.path.endswith("/slack"):
        return address
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/slack"))


def payload_for(receiver: Receiver, letter: Letter, address: str, key: str) -> Manifest:
    """The JSON body.

    Args:
        receiver: whose kind, channel and username count.
        letter: what to say.
        address: as the AlertProvider or its Secret has it.
        key: the same for every repeat of one letter.

    Raises:
        ValueError: there is no such kind.
    """
    if receiver.kind == "webhook":
        return _plain(letter, key)
    if receiver.kind == "msteams" and _is_workflow(address):
        return _adaptive_card(letter)
    build = _BUILDERS.get(receiver.kind)
    if build is None:
        raise ValueError(f"there is no kind of receiver {receiver.kind}")
    return build(receiver, letter)


def _is_workflow(address: str) -> bool:
    return "workflows" in urlsplit(address).path.split("/")


def _slack(receiver: Receiver, letter: Letter) -> Manifest:
    """Slack reads <, > and & as markup."""
    color = "danger" if letter.severity is Severity.ERROR else "good"
    return _attachment(receiver, letter, color, escape(letter.message, quote=False))


def _discord(receiver: Receiver, letter: Letter) -> Manifest:
    color = "danger" if letter.severity is Severity.ERROR else "good"
    return _attachment(receiver, letter, color, letter.message)


def _rocket(receiver: Receiver, letter: Letter) -> Manifest:
    return _attachment(receiver, letter, f"#{_color(letter)}", letter.message)


def _attachment(receiver: Receiver, letter: Letter, color: str, text: str) -> Manifest:
    return {
        "channel": receiver.channel,
        "username": receiver.username,
        "icon_url": "",
        "icon_emoji": ":rocket:",
        "attachments": [
            {
                "color": color,
                "author_name": letter.about,
                "text": text,
                "mrkdwn_in": ["text"],
                "fields": [
                    {"title": name, "value": value, "short": False}
                    for name, value in letter.fields
                ],
            }
        ],
    }


def _message_card(_: Receiver, letter: Letter) -> Manifest:
    return {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": _color(letter),
        "summary": f"{letter.about}: {letter.message}",
        "sections": [
            {
                "activityTitle": letter.message,
                "activitySubtitle": letter.about,
                "facts": [{"name": name, "value": value} for name, value in letter.fields],
            }
        ],
    }


def _adaptive_card(letter: Letter) -> Manifest:
    colors = {Severity.INFO: "Good", Severity.WARN: "Warning", Severity.ERROR: "Attention"}
    body: list[Manifest] = [
        {
            "type": "TextBlock",
            "text": letter.message,
            "weight": "Bolder",
            "color": colors[letter.severity],
            "wrap": True,
        },
        {"type": "TextBlock", "text": letter.about, "isSubtle": True, "spacing": "None"},
    ]
    if letter.fields:
        facts = [{"title": name, "value": value} for name, value in letter.fields]
        body.append({"type": "FactSet", "facts": facts})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    attachment = {"contentType": _ADAPTIVE, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _google_chat(_: Receiver, letter: Letter) -> Manifest:
    paragraphs = [_strong(letter.message)]
    paragraphs += [f"{escape(name)}<br>{_strong(value)}" for name, value in letter.fields]
    return {
        "cards": [
            {
                "header": {
                    "title": "Flagger",
                    "subtitle": letter.about,
                    "imageUrl": "https://flagger.app/favicon.png",
                },
                "sections": [
                    {"widgets": [{"textParagraph": {"text": text}}]} for text in paragraphs
                ],
            }
        ]
    }


def _strong(text: str) -> str:
    return f"<font color={_GREY}><strong>{escape(text, quote=False)}</strong></font>"


def _plain(letter: Letter, key: str) -> Manifest:
    """For a receiver of one's own: everything there is, under plain names."""
    return {
        "name": letter.name,
        "namespace": letter.namespace,
        "phase": letter.phase,
        "severity": letter.severity.value,
        "message": letter.message,
        "fields": dict(letter.fields),
        "at": letter.at,
        "key": key,
    }


def _color(letter: Letter) -> str:
    return _RED if letter.severity is Severity.ERROR else _BLUE


_BUILDERS: Mapping[str, Callable[[Receiver, Letter], Manifest]] = {
    "slack": _slack,
    "discord": _discord,
    "rocket": _rocket,
    "msteams": _message_card,
    "gchat": _google_chat,
}

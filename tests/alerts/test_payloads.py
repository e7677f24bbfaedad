"""What each kind of receiver is sent, to the letter."""

from typing import Any

import pytest

from burgee.engine.letters import Letter, Receiver, Severity
from burgee.engine.telling.alert_payloads import address_for, payload_for

FIELDS = (("Target", "Deployment/podinfo.test"), ("Progress deadline", "60s"))
WORKFLOW = "https://x.logic.azure.com:443/workflows/0a/triggers/manual/paths/invoke?sig=y"
ADAPTIVE = "application/vnd.microsoft.card.adaptive"


def letter(severity: Severity = Severity.INFO, message: str = "hello", **more: Any) -> Letter:
    return Letter(
        name="podinfo",
        namespace="test",
        message=message,
        severity=severity,
        **{"fields": FIELDS, "phase": "Waiting", "at": "2026-01-01T12:00:00Z", **more},
    )


def sent(
    kind: str, *args: Any, address: str = "http://x/y", key: str = "k", **more: Any
) -> dict[str, Any]:
    receiver = Receiver(id="test/r", kind=kind, channel="ops", username="bot")
    return payload_for(receiver, letter(*args, **more), address, key)


@pytest.mark.parametrize(
    ("kind", "severity", "color"),
    [
        pytest.param("slack", Severity.INFO, "good", id="slack"),
        pytest.param("slack", Severity.WARN, "good", id="slack warns"),
        pytest.param("slack", Severity.ERROR, "danger", id="slack, bad news"),
        pytest.param("discord", Severity.WARN, "good", id="discord"),
        pytest.param("discord", Severity.ERROR, "danger", id="discord, bad news"),
        pytest.param("rocket", Severity.INFO, "#0076D7", id="rocket"),
        pytest.param("rocket", Severity.ERROR, "#FF0000", id="rocket, bad news"),
    ],
)
def test_a_message_with_an_attachment(kind: str, severity: Severity, color: str) -> None:
    assert sent(kind, severity) == {
        "channel": "ops",
        "username": "bot",
        "icon_url": "",
        "icon_emoji": ":rocket:",
        "attachments": [
            {
                "color": color,
                "author_name": "podinfo.test",
                "text": "hello",
                "mrkdwn_in": ["text"],
                "fields": [
                    {"title": "Target", "value": "Deployment/podinfo.test", "short": False},
                    {"title": "Progress deadline", "value": "60s", "short": False},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("slack", "a &lt;!channel&gt; &amp; b", id="slack reads markup"),
        pytest.param("discord", "a <!channel> & b", id="discord shows it"),
        pytest.param("rocket", "a <!channel> & b", id="rocket shows it"),
    ],
)
def test_a_message_cannot_call_a_whole_channel(kind: str, text: str) -> None:
    found = sent(kind, Severity.INFO, "a <!channel> & b")

    assert found["attachments"][0]["text"] == text


@pytest.mark.parametrize(
    ("severity", "color"), [(Severity.WARN, "0076D7"), (Severity.ERROR, "FF0000")]
)
def test_a_card_for_a_teams_connector(severity: Severity, color: str) -> None:
    assert sent("msteams", severity) == {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": color,
        "summary": "podinfo.test: hello",
        "sections": [
            {
                "activityTitle": "hello",
                "activitySubtitle": "podinfo.test",
                "facts": [
                    {"name": "Target", "value": "Deployment/podinfo.test"},
                    {"name": "Progress deadline", "value": "60s"},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("severity", "color"),
    [
        (Severity.INFO, "Good"),
        (Severity.WARN, "Warning"),
        (Severity.ERROR, "Attention"),
    ],
)
def test_an_adaptive_card_for_a_teams_workflow(severity: Severity, color: str) -> None:
    assert sent("msteams", severity, address=WORKFLOW) == {
        "type": "message",
        "attachments": [
            {
                "contentType": ADAPTIVE,
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {
                            "type": "TextBlock",
                            "text": "hello",
                            "weight": "Bolder",
                            "color": color,
                            "wrap": True,
                        },
                        {
                            "type": "TextBlock",
                            "text": "podinfo.test",
                            "isSubtle": True,
                            "spacing": "None",
                        },
                        {
                            "type": "FactSet",
                            "facts": [
                                {"title": "Target", "value": "Deployment/podinfo.test"},
                                {"title": "Progress deadline", "value": "60s"},
                            ],
                        },
                    ],
                },
            }
        ],
    }


def test_an_adaptive_card_without_facts_has_no_empty_list() -> None:
    [attachment] = sent("msteams", address=WORKFLOW, fields=())["attachments"]

    assert [part["type"] for part in attachment["content"]["body"]] == ["TextBlock", "TextBlock"]


@pytest.mark.parametrize(
    ("address", "adaptive"),
    [
        pytest.param(WORKFLOW, True, id="logic apps"),
        pytest.param(
            "https://e.api.powerplatform.com/powerautomate/automations/direct/workflows/0a/x",
            True,
            id="power platform",
        ),
        pytest.param(
            "https://t.webhook.office.com/webhookb2/workflows@1/x", False, id="connector"
        ),
        pytest.param("https://workflows.example/x?workflows=/workflows/", False, id="elsewhere"),
    ],
)
def test_the_address_decides_which_card_teams_gets(address: str, adaptive: bool) -> None:
    assert ("attachments" in sent("msteams", address=address)) is adaptive


def test_a_card_for_google_chat() -> None:
    def widget(text: str) -> dict[str, Any]:
        return {"widgets": [{"textParagraph": {"text": text}}]}

    assert sent("gchat", Severity.ERROR, "80 < 99 & so on") == {
        "cards": [
            {
                "header": {
                    "title": "Flagger",
                    "subtitle": "podinfo.test",
                    "imageUrl": "https://flagger.app/favicon.png",
                },
                "sections": [
                    widget("<font color=#848484><strong>80 &lt; 99 &amp; so on</strong></font>"),
                    widget(
                        "Target<br><font color=#848484>"
                        "<strong>Deployment/podinfo.test</strong></font>"
                    ),
                    widget("Progress deadline<br><font color=#848484><strong>60s</strong></font>"),
                ],
            }
        ]
    }


def test_plain_json_for_a_receiver_of_ones_own() -> None:
    assert sent("webhook", Severity.WARN, key="0a1b") == {
        "name": "podinfo",
        "namespace": "test",
        "phase": "Waiting",
        "severity": "warn",
        "message": "hello",
        "fields": {"Target": "Deployment/podinfo.test", "Progress deadline": "60s"},
        "at": "2026-01-01T12:00:00Z",
        "key": "0a1b",
    }


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="carrier-pigeon"):
        sent("carrier-pigeon")


@pytest.mark.parametrize(
    ("kind", "address", "posted_to"),
    [
        pytest.param("discord", "https://d/api/1/x", "https://d/api/1/x/slack", id="added"),
        pytest.param("discord", "https://d/1/", "https://d/1/slack", id="one slash"),
        pytest.param("discord", "https://d/1/slack", "https://d/1/slack", id="there"),
        pytest.param("discord", "https://d/1?t=2", "https://d/1/slack?t=2", id="before the query"),
        pytest.param("slack", "https://d/1", "https://d/1", id="not for slack"),
    ],
)
def test_discord_takes_slacks_messages_at_a_path_of_its_own(
    kind: str, address: str, posted_to: str
) -> None:
    assert address_for(kind, address) == posted_to


def test_addresses_and_tokens_are_not_shown() -> None:
    receiver = Receiver(
        id="a/b", kind="slack", address="https://S3CRET", token="S3CRET", proxy="http://S3CRET@p"
    )

    assert "S3CRET" not in repr(receiver)

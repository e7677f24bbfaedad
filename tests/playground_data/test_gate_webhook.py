"""The gate that a confirm-rollout webhook asks."""

import requests

from burgee.playground.demo.gate import Gate


def test_gate_answers_and_knows_that_it_was_asked() -> None:
    gate = Gate()
    gate.start()
    try:
        assert requests.post(gate.url, json={"name": "shop"}, timeout=5).status_code == 403
        gate.open()
        assert requests.post(gate.url, json={}, timeout=5).status_code == 200
        assert gate.asked
        gate.shut()
        assert not gate.asked
        assert requests.post(gate.url, json={}, timeout=5).status_code == 403
        assert gate.asked
    finally:
        gate.close()

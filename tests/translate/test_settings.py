from __future__ import annotations

from ingressd.translate.settings import TranslationSettings


def test_the_defaults_are_those_of_a_cluster() -> None:
    settings = TranslationSettings()
    assert not settings.external_names
    assert not settings.loopback
    assert settings.unsupported_security == "deny"
    assert not settings.classes.every_class
    assert not settings.classes.without_class


def test_development_serves_everything_of_the_one_who_runs_it() -> None:
    settings = TranslationSettings.development(served=["nginx"])
    assert settings.external_names
    assert settings.loopback
    assert settings.unsupported_security == "warn"
    assert settings.classes.served == {"nginx"}
    assert settings.classes.emulate_admission

"""Flagger's command line, as Go's flag package reads it.

`-name=value`, `--name=value`, `-name value`, and `-name` alone for a boolean. Flags that Flagger
knows and burgee has no use for (its own port, its own leader election, ...) are accepted and
named, so that a person can move with the arguments they have; a flag that Flagger does not know
is a typing error, as it is there.
"""

import shlex

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})

_USED = frozenset(
    {
        "mesh-provider",
        "metrics-server",
        "selector-labels",
        "include-label-prefix",
        "enable-config-tracking",
        "no-cross-namespace-refs",
        "cluster-name",
        "ingress-annotations-prefix",
        "ingress-class",
        "slack-url",
        "slack-token",
        "slack-proxy-url",
        "slack-user",
        "slack-channel",
        "event-webhook",
        "msteams-url",
        "msteams-proxy-url",
    }
)
_BOOLEAN = frozenset(
    {
        "enable-config-tracking",
        "no-cross-namespace-refs",
        "enable-leader-election",
        "zap-replace-globals",
        "version",
        "logtostderr",
        "alsologtostderr",
        "add_dir_header",
        "skip_headers",
        "skip_log_headers",
        "one_output",
    }
)
_WITHOUT_MEANING = frozenset(
    {
        "kubeconfig",
        "master",
        "kubeconfig-qps",
        "kubeconfig-burst",
        "kubeconfig-service-mesh",
        "control-loop-interval",
        "log-level",
        "port",
        "threadiness",
        "zap-encoding",
        "zap-replace-globals",
        "namespace",
        "enable-leader-election",
        "leader-election-namespace",
        "version",
        # klog's
        "v",
        "vmodule",
        "stderrthreshold",
        "log_dir",
        "log_file",
        "log_file_max_size",
        "log_backtrace_at",
        "logtostderr",
        "alsologtostderr",
        "add_dir_header",
        "skip_headers",
        "skip_log_headers",
        "one_output",
    }
)


def parse_bool(text: str) -> bool:
    """A boolean in the words that Go accepts.

    Raises:
        ValueError: it is no such word.
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("must be true or false")


def parse_flags(line: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The flags that mean something here with their texts, and the names of the others.

    A flag given twice has its last value, as in Go.

    Raises:
        ValueError: a flag is unknown or lacks its value, or the quoting is broken.
    """
    words = shlex.split(line)
    used: dict[str, str] = {}
    ignored: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        name, equals, text = word.lstrip("-").partition("=")
        if not word.startswith("-") or word.startswith("---") or not name:
            raise ValueError(f"{name or word!r} is no flag")
        if name not in _USED and name not in _WITHOUT_MEANING:
            raise ValueError(f"-{name} is no flag of Flagger's")
        if not equals:
            if name in _BOOLEAN:
                text = "true"
            elif position < len(words):
                text = words[position]
                position += 1
            else:
                raise ValueError(f"-{name} lacks its value")
        if name in _USED:
            used[name] = text
        elif name not in ignored:
            ignored.append(name)
    return used, tuple(ignored)

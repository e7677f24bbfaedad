"""The Flask shell: one thin module per Metacontroller hook."""

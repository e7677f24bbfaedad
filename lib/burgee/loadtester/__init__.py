"""The load tester: a server that webhooks of Canaries call for gates and tasks.

It serves what Flagger's load tester serves, so that a webhook needs only another address:

  app        the Flask application: paths and answers
  access     who may change something: the bearer token
  payload    what a webhook sends
  gates      which gates are open, in memory or in a ConfigMap
  tasks      metadata -> what to run
  commands   a command line -> arguments, without a shell where it needs none
  runner     what runs at this moment
  processes  one command in a process group of its own

It shares nothing with the hooks but the adapters, and it runs in an image of its own: whoever
may call it may run programs.
"""

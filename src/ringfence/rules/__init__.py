"""The rules of ``ringfence check``: each asks about the cluster what nobody asked, and finds what is wrong with it.

One module a rule. Its docstring is the rule's page, ``RULE`` says what it is called and how bad it is, and
``check`` gives what it finds. Which rules there are stands in ``ringfence.rules.registry``.
"""

"""The Virtual Operator: an offline stand-in for Vonage and the mobile operator.

It plays the other side of the wire, as strictly as the real one, for ``+990``
numbers. It knows the wire and nothing of Django: it also runs alone, for programs in
any language. :mod:`.rules` says which number plays what.
"""

"""The only writer of attempts: start, finish, complete, cancel, expire.

``starting`` none -> pending; ``callback`` pending -> claimed -> an answer;
``completion`` the initiator's side; ``overdue`` what nobody finished.
"""

from __future__ import annotations

from .callback import AuthorizationResponse, Finished, finish
from .completion import cancel, complete, find, handed_over, is_handset, seconds_left, take_over
from .overdue import sweep
from .parties import Party
from .starting import Begun, Order, start

__all__ = ["AuthorizationResponse", "Begun", "Finished", "Order", "Party"]
__all__ += ["cancel", "complete", "find", "finish", "seconds_left", "start", "sweep"]
__all__ += ["handed_over", "is_handset", "take_over"]

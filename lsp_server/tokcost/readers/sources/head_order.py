"""The order of a session's responses and moves of HEAD within one second, for logs in which responses are written
when they are complete."""

import msgspec


class HeadOrder(msgspec.Struct, gc=False):
    """The last move of HEAD by a tool of a session, as far as it has been read. Responses are added in order."""

    moved_ms: int = 0
    """The time of the last response whose tool moved HEAD; 0 if there was none."""
    next_second: int = 0
    """The second of the first response after it; 0 while there is none."""

    def is_behind_a_move(self, time_ms: int) -> bool:
        """Whether an earlier response of this session moved HEAD in the second of this one."""
        return self.moved_ms < time_ms and self.moved_ms // 1000 == time_ms // 1000

    def is_before_a_move(self, time_ms: int, *, moves: bool) -> bool:
        """Whether a response precedes a move of HEAD in its own second. It is logged when it is complete, so it was
        requested before any move of HEAD in that second, unless an earlier response of this session moved HEAD."""
        if moves:
            self.moved_ms, self.next_second = time_ms, 0
        if time_ms <= self.moved_ms or not self.moved_ms:
            return True
        self.next_second = self.next_second or time_ms // 1000
        return time_ms // 1000 != self.next_second

"""What a test hands to the glue: a spawner that is not KubeSpawner, an emergency profile."""

import logging
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace


class Spawner:
    """What the hooks touch of a Spawner that is not KubeSpawner."""

    def __init__(self, **more):
        self.user, self.name, self.handler = SimpleNamespace(name="student1"), "", None
        self.hub, self._log_name = SimpleNamespace(base_url="/hub/"), "student1"
        self.orm_spawner, self.user_options = SimpleNamespace(user_options=None), {"course_profile": "12-gpu"}
        self.environment, self.start_timeout, self.default_url = {"LANG": "C"}, 60, ""
        self.cpu_limit = self.cpu_guarantee = self.mem_limit = self.mem_guarantee = None
        self.log = logging.getLogger("spawner")
        self.__dict__.update(more)


def emergency(hours=1, **more):
    until = (datetime.now(timezone.utc) + timedelta(hours=hours)).isoformat()
    return {"title": "Plain server <1 CPU>", "until": until, "settings": {"environment": {"MODE": "plain"}, "start_timeout": 33}, **more}

"""Shared by all tests: the stand-in for course-profiles, fresh for each test."""

import pytest
import pytest_asyncio
from fake_course_profiles import FakeCourseProfiles


@pytest_asyncio.fixture(scope="session")
async def one_server():
    server = FakeCourseProfiles()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def course_profiles(one_server):
    one_server.reset()
    return one_server
